"""UUIDs in IDL files: constants and defaults are what decoding gives."""

from __future__ import annotations

import io
import itertools
from typing import Any
from uuid import UUID

import fastthrift
import pytest
from fastthrift.parser.exc import ThriftParserError

TEXT = "00112233-4455-6677-8899-aaBBccDDeeFF"
VALUE = UUID(TEXT)
OTHER = UUID("12345678-1234-5678-1234-567812345678")
_serial = itertools.count()


def load(text: str) -> Any:
    return fastthrift.load_fp(io.StringIO(text), f"uuids_{next(_serial)}_thrift")


@pytest.mark.parametrize(
    "written",
    [TEXT, TEXT.lower(), TEXT.upper(), f"{{{TEXT}}}", TEXT.replace("-", ""), f"{{{VALUE.hex}}}"],
)
def test_a_constant_is_a_uuid_however_it_is_written(written: str) -> None:
    module = load(f'const uuid A = "{written}"\nconst uuid B = A\nstruct U {{ 1: uuid a = B }}')
    assert (type(module.A), module.A, module.B, module.U().a) == (UUID, VALUE, VALUE, VALUE)


@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_defaults_can_be_sent(protocol: str) -> None:
    module = load(f"""
        const uuid A = "{TEXT}"
        typedef uuid Id
        struct Part {{ 1: Id id = A }}
        struct U {{
          1: Id a = "{{{TEXT}}}"
          2: list<Id> many = [A, "{OTHER}"]
          3: map<uuid, set<uuid>> named = {{A: ["{OTHER}"], "{OTHER}": []}}
          4: Part part = {{"id": "{OTHER}"}}
          5: set<uuid> some = [A, "{TEXT.upper()}"]
        }}
        const U ALL = {{"a": "{OTHER}"}}
    """)
    value = module.U()
    assert (value.a, value.many) == (VALUE, [VALUE, OTHER])
    assert value.named == {VALUE: {OTHER}, OTHER: set()}
    assert (value.part.id, value.some, module.ALL.a) == (OTHER, {VALUE}, OTHER)
    read = fastthrift.decode(module.U, fastthrift.encode(value, protocol), protocol)
    assert (read.a, read.many, read.part) == (VALUE, [VALUE, OTHER], value.part)
    assert read.named == {VALUE: [OTHER], OTHER: []}


@pytest.mark.parametrize("wrong", ['""', '"1234"', f'"{{{TEXT}"', f'"{TEXT}0"', "5", "[]"])
def test_a_wrong_one_is_told_where_it_is_written(wrong: str) -> None:
    for text in (f"const uuid A = {wrong}", f"struct A {{ 1: uuid a = {wrong} }}"):
        with pytest.raises(ThriftParserError) as caught:
            load(text)
        (found,) = caught.value.diagnostics
        assert (found.code, found.line) == ("type-mismatch", 1)
        assert "needs a value of type `uuid`" in found.message
        assert found.column == text.index(wrong) + 1


def test_a_text_in_the_place_of_one_is_refused_by_its_name() -> None:
    module = load("struct U { 1: uuid a, 2: list<uuid> b }")
    with pytest.raises(fastthrift.protocol.exc.TEncodeException) as caught:
        fastthrift.encode(module.U(a=TEXT))
    assert "needs type 'UUID'" in str(caught.value)
    with pytest.raises(fastthrift.protocol.exc.TEncodeException) as caught:
        fastthrift.encode(module.U(b=[TEXT]))
    assert "needs a uuid.UUID" in str(caught.value)
    assert "UTF8" not in str(caught.value)
