"""Options of ``load``: reserved words as names, and includes that are missing."""

from __future__ import annotations

import io
import itertools
import json
import pickle
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.parser.exc import ThriftLexerError, ThriftParserError
from fastthrift.protocol import TBinaryProtocol, TCompactProtocolFactory
from fastthrift.protocol.json import TJSONProtocolFactory
from fastthrift.thrift import TClient, TMessageType, TProcessor
from fastthrift.transport import TMemoryBuffer
from support.aio import client_of, run, serving

RESERVED = """
enum Kind { None = 1, print = 2, else = 3 }
struct Range { 1: i32 from = 1, 2: i32 to, 3: string self, 4: Kind class = Kind.else }
const Range global = {"from": 5, "to": 6}
const i32 next = 7
exception raise { 1: string with }
service lambda {
  i32 import(1: i32 from, 2: i32 in) throws (1: raise except)
  oneway void pass(1: i32 yield)
}
"""
_serial = itertools.count()


def load(text: str, **options: Any) -> Any:
    return fastthrift.load_fp(io.StringIO(text), f"options_{next(_serial)}_thrift", **options)


@pytest.mark.parametrize("option", ["error", "refuse"])
def test_reserved_words_are_refused_if_asked_for(option: str) -> None:
    with pytest.raises(ThriftLexerError, match="Cannot use reserved language keyword: 'print'"):
        load(RESERVED, reserved=option)
    # Those that thriftpy2 takes are as there.
    module = load("enum E { None } struct A { 1: i32 async }", reserved=option)
    assert module.E._NAMES_TO_VALUES == {"None": 0}
    assert [field[1] for field in module.A.thrift_spec.values()] == ["async"]


def test_allowed_as_they_are() -> None:
    module = load(RESERVED, reserved="allow")
    value = module.Range(**{"from": 3, "class": 2})
    assert vars(value) == {"from": 3, "to": None, "self": None, "class": 2}
    assert getattr(module.Kind, "None") == 1
    assert vars(getattr(module, "global"))["from"] == 5


@pytest.mark.parametrize("options", [{}, {"reserved": "suffix"}])
def test_words_of_python_get_an_underscore(options: dict[str, str]) -> None:
    module = load(RESERVED, **options)
    assert vars(module.Range()) == {"from_": 1, "to": None, "self": None, "class_": 3}
    assert module.Range.thrift_spec[1][1] == "from_"
    assert (module.Kind.None_, module.Kind.print, module.Kind.else_) == (1, 2, 3)
    # What messages and programs call the items is not a matter of Python's grammar.
    assert module.Kind._VALUES_TO_NAMES == {1: "None", 2: "print", 3: "else"}
    assert module.Kind._NAMES_TO_VALUES == {"None": 1, "print": 2, "else": 3}
    assert getattr(module.Kind, "None") == 1
    assert module.global_ == module.Range(from_=5, to=6)
    assert module.next == 7
    assert module.raise_.__name__ == "raise_"
    assert module.raise_(with_="x").with_ == "x"
    assert module.lambda_.thrift_services == ["import", "pass"]
    assert pickle.loads(pickle.dumps(module.raise_("x"))).with_ == "x"
    assert getattr(module, "raise") is module.raise_


def test_a_file_is_loaded_with_each_naming(tmp_path: Path) -> None:
    (tmp_path / "class.thrift").write_text("struct A { 1: i32 from }")
    path = tmp_path / "words.thrift"
    path.write_text('include "class.thrift"\nstruct B { 1: class.A in }')
    suffixed = fastthrift.load(path)
    same = fastthrift.load(path, reserved="allow")
    assert suffixed.B(in_=suffixed.class_.A(from_=1)).in_.from_ == 1
    included = getattr(same, "class")
    inner = included.A(**{"from": 1})
    assert vars(same.B(**{"in": inner})) == {"in": inner}
    assert fastthrift.load(path) is suffixed
    assert fastthrift.load(path, reserved="allow") is same
    # Under another name it has the same classes.
    again = fastthrift.load(path, module_name="with_words_thrift", reserved="allow")
    assert again.B is same.B
    assert fastthrift.load(path, module_name="words_again_thrift").B is suffixed.B
    with pytest.raises(ThriftLexerError, match="'from'"):
        fastthrift.load(path, reserved="error")


def test_a_name_that_is_taken_already_gets_one_more() -> None:
    module = load("struct A { 1: i32 from, 2: i32 from_, 3: i32 from__ }", reserved="suffix")
    assert [field[1] for field in module.A.thrift_spec.values()] == ["from___", "from_", "from__"]


def test_the_wire_is_the_same() -> None:
    allowed, suffixed = load(RESERVED, reserved="allow"), load(RESERVED, reserved="suffix")
    ours = suffixed.Range(from_=3, class_=2)
    same = allowed.Range(**{"from": 3, "class": 2})
    for factory in (TCompactProtocolFactory(), TJSONProtocolFactory()):
        data = fastthrift.utils.serialize(ours, factory)
        assert data == fastthrift.utils.serialize(same, factory)
        assert fastthrift.utils.deserialize(suffixed.Range(), data, factory) == ours
    assert json.loads(data[4:])["payload"] == {"from": 3, "class": 2}


class Handler:
    def import_(self, from_: int, in_: int) -> int:
        return from_ + in_


def test_methods_by_their_names_with_an_underscore() -> None:
    module = load(RESERVED, reserved="suffix")
    request, reply = TBinaryProtocol(TMemoryBuffer()), TBinaryProtocol(TMemoryBuffer())
    request.write_message_begin("import", TMessageType.CALL, 1)
    module.lambda_.import_args(from_=2, in_=3).write(request)
    request.write_message_end()
    TProcessor(module.lambda_, Handler()).process(request, reply)
    assert reply.read_message_begin() == ("import", TMessageType.REPLY, 1)
    result = module.lambda_.import_result()
    result.read(reply)
    assert result.success == 5

    client = TClient(module.lambda_, reply)
    assert client.import_.args[-1] == "import"
    for name in ("import__", "imports_", "_"):
        with pytest.raises(AttributeError):
            getattr(client, name)


def test_the_same_with_asyncio() -> None:
    module = load(RESERVED, reserved="suffix")

    async def main() -> None:
        async with (
            serving(processor=TAsyncProcessor(module.lambda_, Handler())) as server,
            client_of(server, service=module.lambda_) as client,
        ):
            assert await client.import_(from_=2, in_=3) == 5

    run(main())


def test_an_unknown_option() -> None:
    with pytest.raises(ValueError, match="reserved must be"):
        load("", reserved="maybe")
    with pytest.raises(ValueError, match="missing_include must be"):
        fastthrift.load("any.thrift", missing_include="maybe")


@pytest.fixture
def without_include(tmp_path: Path) -> str:
    path = tmp_path / "root.thrift"
    path.write_text('include "gone.thrift"\nstruct A { 1: i32 a }')
    return str(path)


def test_a_missing_include_is_an_error(without_include: str) -> None:
    with pytest.raises(ThriftParserError, match=r"Couldn't include thrift gone\.thrift") as caught:
        fastthrift.load(without_include)
    assert (caught.value.line, caught.value.column) == (1, 9)
    assert caught.value.diagnostics[0].code == "missing-include"


def test_or_a_warning(without_include: str) -> None:
    with pytest.warns(UserWarning, match="missing-include.*cannot find `gone.thrift`") as caught:
        module = fastthrift.load(without_include, missing_include="warn")
    assert module.A(1).a == 1
    assert len(caught) == 1


def test_a_text_that_is_no_file_warns_too() -> None:
    source = 'include "gone.thrift"\nstruct A { 1: i32 a }'
    with pytest.warns(UserWarning, match="missing-include") as caught:
        module = load(source, missing_include="warn")
    assert (module.A(1).a, caught[0].filename) == (1, __file__)
    with pytest.warns(UserWarning, match="cannot find `gone.thrift`"):
        load(source, missing_include="warn", resolver=lambda *_: None)
    with pytest.raises(ThriftParserError, match="Unexpected include statement"):
        load(source)


def test_a_name_of_a_missing_include_is_an_error_nevertheless(without_include: str) -> None:
    Path(without_include).write_text('include "gone.thrift"\nstruct A { 1: gone.B b }')
    with pytest.raises(ThriftParserError, match=r"No type found: 'gone\.B', at line 2"):
        fastthrift.load(without_include, missing_include="warn")


def test_a_circle_of_includes_is_told_with_its_path(tmp_path: Path) -> None:
    for name, other in ("ab", "bc", "ca"):
        (tmp_path / f"{name}.thrift").write_text(f'include "{other}.thrift"')
    with pytest.raises(ThriftParserError, match="Dead including on") as caught:
        fastthrift.load(str(tmp_path / "a.thrift"))
    first = caught.value.diagnostics[0]
    assert first.code == "include-cycle"
    for name in "abc":
        assert f"{name}.thrift" in first.rendered


def test_a_float_of_fbthrift_is_loaded_and_not_sent() -> None:
    module = load("struct A { 1: float a = 1.5 }\nstruct B { 1: i32 a }\nconst B ONE = B{a = 1}")
    assert module.A().a == 1.5
    with pytest.raises(TypeError, match="field 1: no such TType: 19"):
        fastthrift.encode(module.A())
    assert fastthrift.decode(module.B, fastthrift.encode(module.ONE)) == module.B(1)
