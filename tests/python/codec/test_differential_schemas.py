"""Made-up schemas and values: the codecs agree with thriftpy2's and with Apache Thrift's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import subject
from support.compare import Loaded
from support.schemas import Schema, schemas
from support.values import build, field_parts, flatten, flatten_value


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schemas")


def spec_shape(spec: Any) -> Any:
    """A ``thrift_spec`` with classes replaced by their names, to compare two implementations."""
    if isinstance(spec, type):
        return spec.__name__
    if isinstance(spec, tuple):
        return tuple(spec_shape(item) for item in spec)
    if isinstance(spec, dict):
        return [(key, spec_shape(value)) for key, value in spec.items()]
    return spec


def load(directory: Path, schema: Schema) -> Loaded:
    return Loaded.from_text(directory, schema.idl())


@given(schema=schemas())
def test_generated_classes_have_the_same_shape(directory: Path, schema: Schema) -> None:
    loaded = load(directory, schema)
    for struct in schema.structs:
        ours, theirs = (getattr(m, struct.name) for m in (loaded.subject, loaded.reference))
        assert spec_shape(ours.thrift_spec) == spec_shape(theirs.thrift_spec)
        assert list(ours.default_spec) == list(theirs.default_spec)
        assert spec_shape(ours._tspec) == spec_shape(theirs._tspec)
        assert list(vars(ours())) == list(vars(theirs()))
        assert repr(ours()) == repr(theirs())


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@given(data=st.data())
def test_bytes_and_decoded_values_agree(protocol: str, directory: Path, data: Any) -> None:
    schema = data.draw(schemas())
    loaded = load(directory, schema)
    for struct in schema.structs:
        plain = data.draw(struct.values())
        loaded.check(struct.name, plain, protocol, same_order=schema.ordered)


@pytest.mark.parametrize("protocol", subject.PROTOCOLS)
@given(data=st.data())
def test_a_reader_with_other_fields_reads_the_shared_ones(
    protocol: str, directory: Path, data: Any
) -> None:
    """Unknown and mistyped fields are skipped; the fields after them are read as ever."""
    schema = data.draw(schemas())
    loaded = load(directory, schema)
    writer = schema.structs[-1]
    plain = data.draw(writer.values())
    encoded = loaded.encode(writer.name, plain, protocol)
    # What is None is not written; inside of values a reader gives it its default.
    sent = vars(build(getattr(loaded.reference, writer.name), plain))
    received = loaded.decode(writer.name, encoded, protocol)

    # A reader that knows some of the fields, and one of them by another type.
    dropped = data.draw(st.sets(st.sampled_from(sorted(writer.fields)))) if writer.fields else set()
    mistyped = data.draw(st.sampled_from([*sorted(writer.fields), None]))
    spec = dict(getattr(loaded.subject, writer.name).thrift_spec)
    reader_spec = {fid: entry for fid, entry in spec.items() if entry[1] not in dropped}
    for fid, entry in reader_spec.items():
        if entry[1] == mistyped:
            other = subject.TType.DOUBLE if entry[0] != subject.TType.DOUBLE else subject.TType.I64
            reader_spec[fid] = (other, mistyped, False)
    reader = type("Reader", (subject.TPayload,), {"__module__": __name__})
    subject.thrift.gen_init(
        reader, reader_spec, [(entry[1], None) for entry in reader_spec.values()]
    )

    decoded = subject.decode(reader, encoded, protocol)
    for entry in reader_spec.values():
        name = entry[1]
        if name == mistyped or sent[name] is None:
            assert getattr(decoded, name) is None
        else:
            ttype, _, spec = field_parts(entry)
            assert flatten_value(ttype, spec, getattr(decoded, name)) == received[name]


@given(data=st.data())
def test_a_copy_of_the_dict_makes_an_equal_object(directory: Path, data: Any) -> None:
    """``vars`` holds all there is to an object, whatever its fields are called."""
    schema = data.draw(schemas())
    loaded = load(directory, schema)
    struct = schema.structs[-1]
    cls = getattr(loaded.subject, struct.name)
    obj = build(cls, data.draw(struct.values()))
    state = dict(vars(obj))
    twin = cls.__new__(cls)
    vars(twin).update(state)
    assert flatten(twin) == flatten(obj)
    assert repr(twin) == repr(obj)
