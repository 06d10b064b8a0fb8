"""Compare the codecs of fastthrift, thriftpy2, Apache Thrift and msgspec, in one run.

::

    python benches/compare.py              # everything: some minutes
    python benches/compare.py --quick      # a first impression: under a minute
    python benches/compare.py --case "address book" --json results.json
    python benches/compare.py --write      # into docs/benchmarks.md, with a chart

What is timed are whole public calls, as users write them: ``utils.serialize(obj, factory)`` and
``utils.deserialize(cls(), data, factory)`` for fastthrift and thriftpy2 (its Cython binary
protocol, its compact one), ``TSerialization.serialize`` and ``deserialize`` for Apache
Thrift (its C extension, which must not fall back), ``encode`` and ``decode`` of reused msgpack
coders for msgspec, which has no Thrift: it is there as the measure of what Python allows.
Apache's JSON is compared in the same way, with msgspec's JSON beside it, and so are thriftpy2's
JSON protocol and the plain JSON of ``to_json`` and ``from_json``.

Before anything is timed, the results are compared: equal bytes from every Thrift library, equal
values from every library.  The contestants take turns (A B C A B C ...), so that a slow moment
of the machine meets all of them, and the best of the turns counts.  The garbage collector stays
on, as in the programs that use these libraries; it starts each turn from a clean state.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import report
import thriftpy2
from cases import Case, all_cases
from measurement import (
    APACHE,
    MSGSPEC,
    MSGSPEC_JSON,
    SUBJECT,
    THRIFTPY2,
    Action,
    Budget,
    Measurement,
    progress,
    record,
)
from peers import apache, reference
from report import Requirement
from support import subject
from thrift import TSerialization

# Encode and decode


def normal(value: Any) -> Any:
    """A value of any library in one form, to compare them."""
    if isinstance(value, msgspec.Struct):
        return {name: normal(getattr(value, name)) for name in value.__struct_fields__}
    spec = getattr(type(value), "thrift_spec", None)
    if isinstance(spec, dict):
        return {entry[1]: normal(getattr(value, entry[1])) for entry in spec.values()}
    if isinstance(spec, tuple):
        return {entry[2]: normal(getattr(value, entry[2])) for entry in spec if entry}
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [normal(item) for item in value]
    return value


def codec_actions(case: Case, protocol: str) -> tuple[dict[str, Action], dict[str, Action]]:
    """The encode and decode actions of every contestant, after checking that they agree."""
    ours, theirs = subject.load(str(case.path)), reference.load(str(case.path))
    classes = apache.Classes()
    apache_types = SimpleNamespace(
        **{model.__name__: classes[model] for model in theirs.__thrift_meta__["structs"]}
    )
    msgspec_types = case.msgspec()

    encode: dict[str, Action] = {}
    decode: dict[str, Action] = {}
    thrift_bytes: dict[str, bytes] = {}

    def add_thriftpy(name: str, module: Any, utils: Any, factory: Any) -> None:
        obj, cls = case.make(module), getattr(module, case.struct)
        data = thrift_bytes[name] = utils.serialize(obj, factory)
        names = {
            **{"serialize": utils.serialize, "deserialize": utils.deserialize},
            **{"obj": obj, "cls": cls, "data": data, "factory": factory},
        }
        encode[name] = Action("serialize(obj, factory)", names)
        decode[name] = Action("deserialize(cls(), data, factory)", names)

    add_thriftpy(SUBJECT, ours, subject.utils, subject.factory(protocol))
    flavour = reference.flavours(protocol)[0]
    add_thriftpy(THRIFTPY2, theirs, thriftpy2.utils, reference.FACTORIES[protocol, flavour])

    apache_obj, apache_class = case.make(apache_types), getattr(apache_types, case.struct)
    apache_data = thrift_bytes[APACHE] = apache.encode(apache_obj, protocol)
    names = {
        **{"serialize": TSerialization.serialize, "deserialize": TSerialization.deserialize},
        **{"obj": apache_obj, "cls": apache_class, "data": apache_data},
        "factory": apache.FACTORIES[protocol, "accelerated"],
    }
    encode[APACHE] = Action("serialize(obj, factory)", names)
    decode[APACHE] = Action("deserialize(cls(), data, factory)", names)

    encoder = msgspec.msgpack.Encoder()
    decoder = msgspec.msgpack.Decoder(getattr(msgspec_types, case.struct))
    msgspec_obj = case.make(msgspec_types)
    msgspec_data = encoder.encode(msgspec_obj)
    names = {"encode": encoder.encode, "decode": decoder.decode}
    encode[MSGSPEC] = Action("encode(obj)", {**names, "obj": msgspec_obj})
    decode[MSGSPEC] = Action("decode(data)", {**names, "data": msgspec_data})

    if len(set(thrift_bytes.values())) != 1:
        raise SystemExit(f"{case.name}: the {protocol} bytes of {[*thrift_bytes]} differ")
    expected = normal(case.make(ours))
    for name, action in decode.items():
        if normal(action()) != expected:
            raise SystemExit(f"{case.name}: {name} decodes another value ({protocol})")
    return encode, decode


def json_actions(case: Case) -> tuple[dict[str, Action], dict[str, Action]]:
    """The encode and decode actions of those who have Apache's JSON, and of msgspec's own JSON,
    after checking that they agree. Apache's library has it in Python alone; thriftpy2's does not
    write or read all of Thrift, and is left out where it does not give the value back."""
    ours, theirs = subject.load(str(case.path)), reference.load(str(case.path))
    classes = apache.Classes()
    apache_types = SimpleNamespace(
        **{model.__name__: classes[model] for model in theirs.__thrift_meta__["structs"]}
    )
    msgspec_types = case.msgspec()
    expected = normal(case.make(ours))
    encode: dict[str, Action] = {}
    decode: dict[str, Action] = {}

    def add(name: str, types: Any, serialize: Any, deserialize: Any, factory: Any) -> bytes:
        obj, cls = case.make(types), getattr(types, case.struct)
        data: bytes = serialize(obj, factory)
        names = {
            **{"serialize": serialize, "deserialize": deserialize},
            **{"obj": obj, "cls": cls, "data": data, "factory": factory},
        }
        encode[name] = Action("serialize(obj, factory)", names)
        decode[name] = Action("deserialize(cls(), data, factory)", names)
        return data

    utils = subject.utils
    factory = subject.protocol.TApacheJSONProtocolFactory()
    data = add(SUBJECT, ours, utils.serialize, utils.deserialize, factory)
    factory = apache.FACTORIES["apache_json", "pure"]
    theirs_data = add(
        APACHE, apache_types, TSerialization.serialize, TSerialization.deserialize, factory
    )
    if data != theirs_data:
        raise SystemExit(f"{case.name}: the JSON of {SUBJECT} and {APACHE} differs")
    for name in (SUBJECT, APACHE):
        if normal(decode[name]()) != expected:
            raise SystemExit(f"{case.name}: {name} decodes another value (JSON)")

    factory = thriftpy2.protocol.TApacheJSONProtocolFactory()
    try:
        add(THRIFTPY2, theirs, thriftpy2.utils.serialize, thriftpy2.utils.deserialize, factory)
        gives_it_back = normal(decode[THRIFTPY2]()) == expected
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        progress(f"{THRIFTPY2}: {error!r}")
        gives_it_back = False
    if not gives_it_back:
        encode.pop(THRIFTPY2, None)
        decode.pop(THRIFTPY2, None)

    encoder = msgspec.json.Encoder()
    decoder = msgspec.json.Decoder(getattr(msgspec_types, case.struct))
    msgspec_obj = case.make(msgspec_types)
    msgspec_data = encoder.encode(msgspec_obj)
    if normal(decoder.decode(msgspec_data)) != expected:
        raise SystemExit(f"{case.name}: {MSGSPEC_JSON} decodes another value")
    coders = {"encode": encoder.encode, "decode": decoder.decode}
    encode[MSGSPEC_JSON] = Action("encode(obj)", {**coders, "obj": msgspec_obj})
    decode[MSGSPEC_JSON] = Action("decode(data)", {**coders, "data": msgspec_data})
    return encode, decode


def own_json_actions(case: Case) -> tuple[dict[str, Action], dict[str, Action]]:
    """The encode and decode actions of thriftpy2's JSON protocol, which nobody else has, after
    checking that the two agree. thriftpy2 is left out where it cannot read what it wrote."""
    ours, theirs = subject.load(str(case.path)), reference.load(str(case.path))
    encode: dict[str, Action] = {}
    decode: dict[str, Action] = {}
    written = set()
    expected = normal(case.make(ours))
    for name, module, utils, protocols in (
        (SUBJECT, ours, subject.utils, subject.protocol),
        (THRIFTPY2, theirs, thriftpy2.utils, thriftpy2.protocol),
    ):
        factory = protocols.TJSONProtocolFactory()
        obj, cls = case.make(module), getattr(module, case.struct)
        data = utils.serialize(obj, factory)
        written.add(data)
        names = {
            **{"serialize": utils.serialize, "deserialize": utils.deserialize},
            **{"obj": obj, "cls": cls, "data": data, "factory": factory},
        }
        encode[name] = Action("serialize(obj, factory)", names)
        decode[name] = Action("deserialize(cls(), data, factory)", names)
        if normal(decode[name]()) != expected:
            raise SystemExit(f"{case.name}: {name} decodes another value (thriftpy2's JSON)")
    if len(written) != 1:
        raise SystemExit(f"{case.name}: the bytes of thriftpy2's JSON differ")
    return encode, decode


def plain_json_actions(case: Case) -> tuple[dict[str, Action], dict[str, Action]]:
    """The actions of ``to_json`` and ``from_json`` and of msgspec's JSON on equal data, after
    checking that each gives what the other reads."""
    module, msgspec_types = subject.load(str(case.path)), case.msgspec()
    obj, cls = case.make(module), getattr(module, case.struct)
    to_json, from_json = subject.package.to_json, subject.package.from_json
    data = to_json(obj)
    encoder = msgspec.json.Encoder()
    decoder = msgspec.json.Decoder(getattr(msgspec_types, case.struct))
    msgspec_obj = case.make(msgspec_types)
    msgspec_data = encoder.encode(msgspec_obj)
    expected = normal(obj)
    for name, found in (
        ("from_json of its own text", from_json(cls, data)),
        ("from_json of msgspec's text", from_json(cls, msgspec_data)),
        ("msgspec of to_json's text", decoder.decode(data)),
    ):
        if normal(found) != expected:
            raise SystemExit(f"{case.name}: {name} gives another value")
    coders = {"encode": encoder.encode, "decode": decoder.decode}
    return (
        {
            SUBJECT: Action("to_json(obj)", {"to_json": to_json, "obj": obj}),
            MSGSPEC_JSON: Action("encode(obj)", {**coders, "obj": msgspec_obj}),
        },
        {
            SUBJECT: Action(
                "from_json(cls, data)", {"from_json": from_json, "cls": cls, "data": data}
            ),
            MSGSPEC_JSON: Action("decode(data)", {**coders, "data": msgspec_data}),
        },
    )


def direct_actions(case: Case, protocol: str) -> tuple[Action, Action] | None:
    """fastthrift's own short forms, where it has them: ``encode`` and ``decode``."""
    encode, decode = (getattr(subject.package, name, None) for name in ("encode", "decode"))
    if encode is None or decode is None:
        return None
    module = subject.load(str(case.path))
    obj, cls = case.make(module), getattr(module, case.struct)
    data = encode(obj, protocol)
    if normal(decode(cls, data, protocol)) != normal(obj):
        raise SystemExit(f"{case.name}: {SUBJECT}.decode gives another value")
    names = {"encode": encode, "decode": decode, "obj": obj, "cls": cls, "data": data}
    return (
        Action(f"encode(obj, {protocol!r})", names),
        Action(f"decode(cls, data, {protocol!r})", names),
    )


def compare_codecs(cases: list[Case], budget: Budget) -> list[Measurement]:
    results = []
    for case in cases:
        for protocol in subject.PROTOCOLS:
            progress(f"{case.name}, {protocol}")
            encode, decode = codec_actions(case, protocol)
            for operation, actions in (("encode", encode), ("decode", decode)):
                row = Measurement(operation, protocol, case.name)
                results.append(record(row, actions, budget))
            if direct := direct_actions(case, protocol):
                for operation, others, action in (
                    ("encode", encode, direct[0]),
                    ("decode", decode, direct[1]),
                ):
                    name = f"{SUBJECT}.{operation}, the short form"
                    row = Measurement(name, protocol, case.name)
                    results.append(record(row, {**others, SUBJECT: action}, budget))
        progress(f"{case.name}, Apache's JSON")
        for operation, actions in zip(("encode", "decode"), json_actions(case), strict=True):
            row = Measurement(operation, "Apache's JSON", case.name)
            results.append(record(row, actions, budget))
        progress(f"{case.name}, thriftpy2's JSON")
        for operation, actions in zip(("encode", "decode"), own_json_actions(case), strict=True):
            row = Measurement(operation, "thriftpy2's JSON", case.name)
            results.append(record(row, actions, budget))
        progress(f"{case.name}, plain JSON")
        names = (f"{SUBJECT}.to_json", f"{SUBJECT}.from_json")
        for operation, actions in zip(names, plain_json_actions(case), strict=True):
            results.append(record(Measurement(operation, "", case.name), actions, budget))
    return results


# Memory


def bytes_of(make: Callable[[], Any]) -> tuple[int, int]:
    """What `make` makes takes, and what making it took at most, in bytes."""
    make()
    gc.collect()
    tracemalloc.start()
    made = make()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return held, peak


def compare_memory() -> list[Requirement]:
    """The size of a struct of 8 set fields, and the peak of decoding a large message."""
    progress("memory")
    count = 10_000
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "memory.thrift")
        fields = " ".join(f"{number}: i32 f{number}," for number in range(1, 9))
        path.write_text(f"struct Eight {{ {fields} }}")
        sizes = {}
        for name, load in ((SUBJECT, subject.load), (THRIFTPY2, reference.load)):
            eight = load(str(path)).Eight
            objects = [None] * count

            def fill(eight: Any = eight, objects: list[Any] = objects) -> list[Any]:
                objects[:] = (eight(*range(8)) for _ in range(count))
                return objects

            fill()
            objects[:] = [None] * count
            sizes[name] = bytes_of(fill)[0] / count
    share = sizes[SUBJECT] / sizes[THRIFTPY2]
    rows = [Requirement("memory of a struct with 8 set fields", THRIFTPY2, share, 0.8, True)]
    for case in all_cases():
        if case.name not in ("address book", "event records", "file footer"):
            continue
        module = subject.load(str(case.path))
        data = subject.package.encode(case.make(module), "binary")
        cls = getattr(module, case.struct)
        held, peak = bytes_of(lambda cls=cls, data=data: subject.package.decode(cls, data))
        name = f"peak of decoding, {case.name}"
        rows.append(Requirement(name, "the result", peak / held, 1.5, True))
    return rows


def main() -> None:
    cases = all_cases()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    parser.add_argument("--json", metavar="FILE", help="write the measurements to FILE too")
    parser.add_argument("--write", action="store_true", help="write the documentation's page")
    parser.add_argument(
        "--case",
        action="append",
        choices=[case.name for case in cases],
        help="only this case, and not the memory; may be repeated",
    )
    arguments = parser.parse_args()
    budget = Budget(turns=5, seconds=0.02) if arguments.quick else Budget(turns=25, seconds=0.05)
    chosen = [case for case in cases if not arguments.case or case.name in arguments.case]

    results = compare_codecs(chosen, budget)
    memory: list[Requirement] = []
    if not arguments.case:
        memory = compare_memory()
    results.sort(key=lambda row: row.operation != "encode" and row.operation != "decode")
    text = report.text(results, memory, budget)
    print(text)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report.document(results), indent=2) + "\n")
    if arguments.write:
        report.write(text, results)


if __name__ == "__main__":
    main()
