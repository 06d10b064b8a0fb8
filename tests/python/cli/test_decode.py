"""``fastthrift decode``: bytes of every protocol, whole and broken."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fastthrift
import pytest
import thriftpy2
import thriftpy2.protocol
import thriftpy2.transport
from fastthrift import cli
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    THeaderProtocol,
    TJSONProtocolFactory,
)
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TApplicationException, TMessageType
from fastthrift.transport import TFramedTransport, THeaderTransportFactory, TMemoryBuffer
from fastthrift.transport._header_frame import HeaderFrame, write_frame
from fastthrift.utils import serialize

IDL = """
enum Status { NEW = 1, SENT = 2 }
struct Item { 1: required string name, 2: double price, 3: uuid id, 4: bool sold }
struct Order { 1: i64 id, 2: Status status, 3: list<Item> items, 4: map<string, i32> counts,
               5: set<binary> seals, 6: map<Item, Status> by_item }
exception Bad { 1: string why }
service Base { void ping() }
service Shop extends Base {
    Order find(1: i64 id, 2: string name) throws (1: Bad bad),
    oneway void note(1: string line),
}
"""
module = fastthrift.load_fp(io.StringIO(IDL), "decode_command_thrift")
PROTOCOLS: dict[str, Any] = {
    "binary": TBinaryProtocolFactory(),
    "compact": TCompactProtocolFactory(),
    "json": TJSONProtocolFactory(),
    "apache-json": TApacheJSONProtocolFactory(),
}
TRACED = [name for name in PROTOCOLS if name != "json"]
ID = "6a1b2c3d-0000-4000-8000-000000000000"
ORDER = module.Order(
    id=7,
    status=2,
    items=[module.Item("tea", 3.5), module.Item("näh", -1.0, uuid.UUID(ID), True)],
    counts={"tea": 1, "näh": -2},
    seals={b"\0\xff"},
)
PLAIN = {
    "id": 7,
    "status": "SENT",
    "items": [
        {"name": "tea", "price": 3.5},
        {"name": "näh", "price": -1.0, "id": ID, "sold": True},
    ],
    "counts": {"tea": 1, "näh": -2},
    "seals": ["AP8="],
}


@pytest.fixture
def idl(tmp_path: Path) -> str:
    path = tmp_path / "shop.thrift"
    path.write_text(IDL)
    return str(path)


@pytest.fixture
def decode(idl: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command on bytes from standard input: status, output, errors."""

    def run(data: bytes, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        status = cli.main(["decode", idl, arguments[0], "-", *arguments[1:]])
        return status, *capsys.readouterr()

    return run


def message(
    protocol: str,
    payload: Any,
    kind: int = TMessageType.CALL,
    name: str | bytes = "find",
    *,
    framed: bool = False,
) -> bytes:
    output = TMemoryBuffer()
    trans: Any = TFramedTransport(output) if framed else output
    prot = PROTOCOLS[protocol].get_protocol(trans)
    prot.write_message_begin(name, kind, 5)
    prot.write_struct(payload)
    prot.write_message_end()
    trans.flush()
    return output.getvalue()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("written", ["raw", "hex", "base64"])
def test_a_bare_struct_is_found_in_every_protocol(decode: Any, protocol: str, written: str) -> None:
    data = serialize(ORDER, PROTOCOLS[protocol])
    data = {"raw": data, "hex": data.hex(" ").encode(), "base64": base64.encodebytes(data)}[written]
    status, output, errors = decode(data, "Order", "--json")
    assert (status, errors) == (0, "")
    assert json.loads(output) == {
        "encoding": written,
        "protocol": protocol,
        "framed": False,
        "message": None,
        "value": PLAIN,
        "error": None,
    }


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_messages_are_found_with_their_header(decode: Any, protocol: str, framed: bool) -> None:
    args = module.Shop.find_args(id=7, name="tea")
    result = module.Shop.find_result(success=ORDER)
    declared = module.Shop.find_result(bad=module.Bad("no"))
    refusal = TApplicationException(6, "failed")
    for payload, kind, name, shown in (
        (args, "call", "find", {"id": 7, "name": "tea"}),
        (args, "call", "shop:find", {"id": 7, "name": "tea"}),
        (result, "reply", "find", {"success": PLAIN}),
        (declared, "reply", "find", {"bad": {"why": "no"}}),
        (refusal, "exception", "find", {"message": "failed", "type": 6}),
        (module.Shop.note_args("a"), "oneway call", "note", {"line": "a"}),
    ):
        number = {"call": 1, "reply": 2, "exception": 3, "oneway call": 4}[kind]
        data = message(protocol, payload, number, name, framed=framed)
        status, output, errors = decode(data, "Shop", "--json")
        assert (status, errors) == (0, "")
        document = json.loads(output)
        assert (document["protocol"], document["framed"]) == (protocol, framed)
        assert document["message"] == {"method": name, "type": kind, "seqid": 5}
        assert document["value"] == shown


@pytest.mark.parametrize(
    ("protocol", "factory"),
    [
        ("binary", "TBinaryProtocolFactory"),
        ("compact", "TCompactProtocolFactory"),
        ("json", "TJSONProtocolFactory"),
        ("apache-json", "TApacheJSONProtocolFactory"),
    ],
)
def test_what_thriftpy2_writes_is_found(decode: Any, protocol: str, factory: str) -> None:
    theirs = thriftpy2.load_fp(io.StringIO(IDL.replace("uuid", "string")), "decode_theirs_thrift")
    item = theirs.Item("tea", 3.5, sold=True)
    order = theirs.Order(id=7, status=2, items=[item], counts={"tea": 1})
    output = thriftpy2.transport.TMemoryBuffer()
    made = getattr(thriftpy2.protocol, factory)().get_protocol(output)
    made.write_message_begin("find", TMessageType.REPLY, 5)
    theirs.Shop.find_result(success=order).write(made)
    made.write_message_end()
    output.flush()
    status, text, errors = decode(output.getvalue(), "Shop", "--json")
    assert (status, errors) == (0, "")
    document = json.loads(text)
    assert document["protocol"] == protocol
    assert document["message"] == {"method": "find", "type": "reply", "seqid": 5}
    assert document["value"] == {
        "success": {
            "id": 7,
            "status": "SENT",
            "items": [{"name": "tea", "price": 3.5, "sold": True}],
            "counts": {"tea": 1},
        }
    }


def test_text_has_the_byte_of_each_field(decode: Any) -> None:
    status, output, errors = decode(message("binary", module.Shop.find_args(7, "tea")), "Shop")
    assert (status, errors) == (0, "")
    assert output.splitlines() == [
        "binary protocol, not in a frame",
        "     0  call find, sequence id 5",
        "    16  1: id (i64) = 7",
        '    27  2: name (string) = "tea"',
        "    37  end",
    ]
    data = serialize(module.Order(items=[module.Item("tea")], counts={"a": 1}))
    assert decode(data, "Order")[1].splitlines()[1:] == [
        "     0  3: items (list<Item>), 1 element",
        "     8    [0]",
        '     8      1: name (string) = "tea"',
        "    18      end",
        "    19  4: counts (map<string, i32>), 1 entry",
        '    28    ["a"] = 1',
        "    37  end",
    ]


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("protocol", TRACED)
def test_places_are_those_of_ids_and_of_first_bytes(
    decode: Any, protocol: str, framed: bool
) -> None:
    items = [module.Item("tea", 3.5), module.Item("näh", -1.0)]
    order = module.Order(items=items, counts={"one": 1, "two": 2}, seals=[b"ab", b"cd"])
    data = message(protocol, module.Shop.find_result(order), TMessageType.REPLY, framed=framed)
    if protocol == "apache-json":
        # White space is no part of anything.
        body = data[4:] if framed else data
        body = body.replace(b",", b" , ").replace(b"{", b"{ ").replace(b"}", b" }")
        data = len(body).to_bytes(4, "big") + body if framed else body
    status, output, errors = decode(data, "Shop", "--protocol", protocol)
    assert (status, errors) == (0, "")
    lines = [line.split(maxsplit=1) for line in output.splitlines()[2:]]
    found = [(label.split(" (")[0].split(" = ")[0], int(at)) for at, label in lines]
    # What stands at each place: the first bytes of the struct's fields, or of the elements.
    starts = {
        "binary": {
            "1: name": b"\x0b\0\1\0\0\0",
            "2: price": b"\x04\0\2",
            "3: items": b"\x0f\0\3",
            "4: counts": b"\x0d\0\4",
            "5: seals": b"\x0e\0\5",
            "[0]": b"\x0b\0\1|\0\0\0\2ab",
            "[1]": b"\x0b\0\1|\0\0\0\2cd",
            '["one"]': b"\0\0\0\3one",
            '["two"]': b"\0\0\0\3two",
            "0: success": b"\x0c\0\0",
            "end": b"\0",
        },
        "compact": {
            "1: name": b"\x18",
            "2: price": b"\x17",
            "3: items": b"\x39",
            "4: counts": b"\x1b",
            "5: seals": b"\x1a",
            "[0]": b"\x18|\2ab",
            "[1]": b"\x18|\2cd",
            '["one"]': b"\3one",
            '["two"]': b"\3two",
            "0: success": b"\x0c\0",
            "end": b"\0",
        },
        "apache-json": {
            **{f"{id}: {name}": b'"%d"' % id for id, name in enumerate(FIELDS, 3)},
            "1: name": b'"1"',
            "2: price": b'"2"',
            "[0]": b'{ "1"|"YWI="',
            "[1]": b'{ "1"|"Y2Q="',
            '["one"]': b'"one"',
            '["two"]': b'"two"',
            "0: success": b'"0"',
            "end": b"}",
        },
    }[protocol]
    assert {label for label, _ in found} == set(starts)
    for label, at in found:
        assert any(data[at:].startswith(each) for each in starts[label].split(b"|")), (label, at)
    # One after the other; a struct in a list begins where its first field does, but in JSON.
    assert [at for _, at in found] == sorted(at for _, at in found)
    assert len({at for _, at in found}) == len(found) - 2 * (protocol != "apache-json")


FIELDS = ("items", "counts", "seals")


def test_names_and_texts_are_shown_as_they_are(decode: Any) -> None:
    """In quotes where they are more than letters, as JSON has them; none is escaped twice."""
    for name, shown in (
        (b"find", "find"),
        (b"shop:find", "shop:find"),
        (b"a\\b:find", r'"a\\b:find"'),
        (b"\xff:find", r'"\xff:find"'),
        (b"\x1b[31m:find", r'"\u001b[31m:find"'),
    ):
        text = 'back\\slash "q" \x1b \u202e\n\U0001f375'
        data = message("binary", module.Shop.find_args(7, text), name=name)
        status, output, errors = decode(data, "Shop")
        assert (status, errors) == (0, "")
        lines = output.splitlines()
        assert lines[1] == f"     0  call {shown}, sequence id 5"
        assert lines[3].endswith(r' = "back\\slash \"q\" \u001b \u202e\n' + '\U0001f375"')
        assert json.loads(decode(data, "Shop", "--json")[1])["value"] == {"id": 7, "name": text}
    data = message("binary", module.Shop.find_args(7), name=b"\xff\\")
    half = decode(b'{"1":{"str":"a\\ud800b"}}', "Item", "--input", "raw")
    assert half[1].splitlines()[1].endswith(r'name (string) = "a\ud800b"')
    assert decode(data, "Shop")[2] == 'error: Shop has no method "\\xff\\\\"\n'
    other = fastthrift.load_fp(io.StringIO("struct Item { 1: binary name }"), "decode_bin_thrift")
    assert '1: name (string) = "\\xff\\\\x"' in decode(serialize(other.Item(b"\xff\\x")), "Item")[1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_only_the_fields_that_are_named_are_shown(decode: Any, protocol: str) -> None:
    data = serialize(ORDER, PROTOCOLS[protocol])

    def only(*paths: str) -> Any:
        options = [option for path in paths for option in ("--only", path)]
        status, output, errors = decode(data, "Order", "--json", "--protocol", protocol, *options)
        assert (status, errors) == (0, "")
        return json.loads(output)["value"]

    assert only("id") == {"id": 7}
    names = [{"name": "tea"}, {"name": "näh"}]
    assert only("items.name") == {"items": names}
    assert only("items.name", "status") == {"status": "SENT", "items": names}
    assert only("items.name", "items") == only("items", "items.name") == {"items": PLAIN["items"]}
    assert only("by_item") == {}
    output = decode(data, "Order", "--only", "items.price")[1]
    assert "price" in output
    assert "tea" not in output
    status, output, errors = decode(data, "Order", "--only", "items.nam")
    assert (status, output) == (2, "")
    assert errors.startswith("error: --only: ")
    assert "'name'" in errors or " name" in errors
    reply = message(protocol, module.Shop.find_result(success=ORDER), TMessageType.REPLY)
    status, output, errors = decode(reply, "Shop", "--json", "--only", "success.id")
    assert (status, errors) == (0, "")
    assert json.loads(output)["value"] == {"success": {"id": 7}}


def test_what_is_wrong_is_told_of_fields_that_are_not_shown(decode: Any) -> None:
    data = serialize(ORDER, PROTOCOLS["binary"])
    status, output, errors = decode(data[:-20], "Order", "--only", "id", "--protocol", "binary")
    assert status == 1
    assert output.splitlines()[1:] == ["     0  1: id (i64) = 7"]
    assert "ends early" in errors


@pytest.mark.parametrize("protocol", TRACED)
def test_every_truncated_message_is_shown_as_far_as_it_goes(decode: Any, protocol: str) -> None:
    data = message(protocol, module.Shop.find_result(success=ORDER), TMessageType.REPLY)
    shown = 0
    for length in range(1, len(data)):
        status, output, errors = decode(data[:length], "Shop", "--json", "--protocol", protocol)
        # Of JSON the last brackets may be missing: nothing of the value is.
        value = json.loads(output)["value"]
        assert status == 1 or (protocol == "apache-json" and value == {"success": PLAIN})
        assert status == 0 or errors.startswith("error: ")
        found = len(json.dumps(value))
        assert found >= shown - 40
        shown = found
    assert shown > 100


def test_what_is_wrong_is_told_with_its_byte_and_field(decode: Any) -> None:
    data = serialize(ORDER)
    second = data.index("näh".encode())
    status, output, errors = decode(data[: second + 2], "Order")
    assert status == 1
    assert errors == (
        f"error: message ends early: 4 more bytes needed, 2 left, at byte {second}, "
        "in items[1].name\n"
    )
    assert '1: name (string) = "tea"' in output
    assert "    [1]\n" in output
    data = data.replace(b"\x0b\x00\x01\x00\x00\x00\x04n", b"\x63\x00\x01\x00\x00\x00\x04n")
    assert "unknown wire type 99, at byte" in decode(data, "Order")[2]
    assert "in items[1]" in decode(data, "Order")[2]
    broken = serialize(module.Order(counts={"tea": 1}))[:-3]
    assert 'in counts["tea"]' in decode(broken, "Order")[2]


@pytest.mark.parametrize("protocol", TRACED)
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("list<i64>", [10**15 + each for each in range(1000)]),
        ("set<i64>", {10**15 + each for each in range(1000)}),
        ("list<binary>", [b"%06d" % each for each in range(1000)]),
    ],
)
def test_the_elements_before_a_missing_end_are_shown(
    decode: Any, idl: str, kind: str, values: Any, protocol: str
) -> None:
    Path(idl).write_text(f"struct S {{ 1: {kind} a }}")
    whole = serialize(fastthrift.load(idl).S(values), PROTOCOLS[protocol])
    complete = decode(whole, "S", "--protocol", protocol)[1].splitlines()
    assert complete[1].endswith(f"1: a ({kind}), 1000 elements")
    status, output, errors = decode(whole[:-20], "S", "--protocol", protocol)
    lines = output.splitlines()
    shown = sum(" = " in line for line in lines)
    assert 990 < shown < 1000
    assert status == 1
    assert lines[1] == f"{complete[1]}, {shown} shown"
    assert lines[2 : 2 + shown] == complete[2 : 2 + shown]
    assert errors.startswith("error: message ends early")
    assert errors.endswith(f", in a[{shown}]\n")


@pytest.mark.parametrize("protocol", TRACED)
def test_a_map_that_is_cut_in_its_value_has_its_key(decode: Any, idl: str, protocol: str) -> None:
    Path(idl).write_text("struct S { 1: map<string, string> a }")
    value = "the value of the only key"
    whole = serialize(fastthrift.load(idl).S({"key": value}), PROTOCOLS[protocol])
    data = whole[: whole.index(value.encode()) - 1]
    status, output, errors = decode(data, "S", "--protocol", protocol)
    *_, head, entry = output.splitlines()
    assert (status, entry.split()[1:]) == (1, ['["key"]'])
    assert head.endswith("1: a (map<string, string>), 1 entry, 0 shown")
    assert errors.endswith(', in a["key"]\n')


@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_a_count_that_nothing_follows_takes_no_memory(decode: Any, idl: str, protocol: str) -> None:
    Path(idl).write_text("struct S { 1: set<i32> a }")
    count = {
        "binary": b"\x0e\x00\x01\x08\x7f\xff\xff\xff",
        "compact": b"\x1a\xf5\xff\xff\xff\xff\x07",
    }
    status, output, errors = decode(count[protocol], "S", "--protocol", protocol)
    assert status == 1
    assert "1: a (set<i32>), 2147483647 elements, 0 shown" in output
    assert "in a[0]" in errors


@pytest.mark.parametrize(
    ("text", "field", "shown"),
    [
        ('{"1":{"str":"AB C"}}', "one", "1: one (binary)\n"),
        ('{"2":{"lst":["str",2,"AB","A"]},"1":{"str":""}}', "all[1]", "[1]\n"),
        ('{"3":{"map":["str","str",1,{"k":"AA=A"}]}}', 'named["k"]', '["k"]\n'),
        ('{"4":{"map":["str","i32",1,{"!":1}]},"1":{"str":""}}', "keyed[key]", "[null]\n"),
        ('{"5":{"rec":{"1":{"str":"AAA=="}}},"1":{"str":""}}', "more.one", "1: one (binary)\n"),
        # What is wrong behind it is not told first.
        ('{"1":{"str":"\\n"},"6":{"i32":"x"}}', "one", "1: one (binary)\n"),
    ],
)
def test_binary_in_json_that_is_no_base64_is_wrong_as_it_is_for_the_library(
    decode: Any, idl: str, text: str, field: str, shown: str
) -> None:
    Path(idl).write_text(
        "struct Bytes { 1: binary one, 2: list<binary> all, 3: map<string, binary> named,"
        " 4: map<binary, i32> keyed, 5: Bytes more, 6: i32 number }"
    )
    protocol = TApacheJSONProtocolFactory()
    with pytest.raises(TProtocolException, match="not base64, which binary must be") as caught:
        fastthrift.decode(fastthrift.load(idl).Bytes, text.encode(), protocol)
    at = int(re.findall(r"at byte (\d+)", str(caught.value))[0])
    status, output, errors = decode(text.encode(), "Bytes")
    assert status == 1
    assert errors == (f"error: not base64, which binary must be, at byte {at}, in {field}\n")
    assert output.endswith(shown)
    status, output, _ = decode(text.encode(), "Bytes", "--json")
    assert status == 1
    assert json.loads(output)["error"] == {
        "text": "not base64, which binary must be",
        "byte": at,
        "field": field,
    }


def test_binary_in_json_may_lack_its_padding(decode: Any) -> None:
    text = b'{"5":{"set":["str",3,"AP8","AP8=","AA="]}}'
    status, output, _ = decode(text, "Order", "--json")
    assert status == 0
    assert json.loads(output)["value"] == {"seals": ["AP8=", "AP8=", "AA=="]}


def test_what_follows_and_what_is_missing_of_a_frame_is_told(decode: Any) -> None:
    data = message("compact", module.Shop.find_args(7, "tea"))
    assert "2 bytes follow the end, at byte" in decode(data + b"xy", "Shop")[2]
    framed = message("compact", module.Shop.find_args(7, "tea"), framed=True)
    status, output, errors = decode(framed[:-1], "Shop")
    assert status == 1
    assert "ends early" in errors
    assert "compact protocol, in a frame" in output
    assert "= 7" in output


def test_fields_that_the_file_does_not_know_are_shown(decode: Any) -> None:
    other = fastthrift.load_fp(
        io.StringIO("struct Item { 1: i32 name, 2: double price, 9: list<string> more }"),
        "decode_other_thrift",
    )
    data = serialize(other.Item(5, 1.5, ["x"]))
    status, output, _ = decode(data, "Item")
    assert status == 0
    assert "1: name (i32, and string in the file) = 5" in output
    assert "9: ? (list, not in the file), 1 element" in output
    assert json.loads(decode(data, "Item", "--json")[1])["value"] == {
        "name": 5,
        "price": 1.5,
        "#9": ["x"],
    }


def test_maps_with_structs_as_keys_are_pairs(decode: Any) -> None:
    data = serialize(module.Order(by_item={module.Item("tea"): 1}))
    assert json.loads(decode(data, "Order", "--json")[1])["value"] == {
        "by_item": [[{"name": "tea"}, "NEW"]]
    }


def test_options_say_what_is_not_found(decode: Any) -> None:
    data = serialize(module.Item("tea"), PROTOCOLS["compact"])
    assert decode(data, "Item", "--protocol", "binary")[0] == 1
    assert decode(data, "Item", "--protocol", "compact", "--input", "raw")[0] == 0
    assert decode(data, "Item", "--transport", "framed")[0] == 1


@pytest.mark.parametrize(
    ("data", "type_name", "status", "text"),
    [
        (b"", "Shop", 1, "there are no bytes"),
        (b"GET / HTTP/1.1\r\n", "Shop", 1, "they begin as HTTP request"),
        (message("binary", module.Shop.find_args(7)), "Order", 1, "name its service in place"),
        (message("binary", module.Shop.find_args(7), name="fnd"), "Shop", 1, "did you mean 'find'"),
        (b"x", "Ordr", 2, "did you mean 'Order'?"),
    ],
)
def test_what_cannot_be_decoded_says_why(
    decode: Any, data: bytes, type_name: str, status: int, text: str
) -> None:
    found = decode(data, type_name)
    assert found[0] == status
    assert text in found[2]


def test_dumps_and_base64_of_urls_are_known(decode: Any) -> None:
    data = serialize(ORDER, PROTOCOLS["binary"])
    lines = []
    for at in range(0, len(data), 16):
        piece = data[at : at + 16]
        text = "".join(chr(each) if 32 <= each < 127 else "." for each in piece)
        lines.append(f"{at:08x}: {piece.hex(' ', -2):<39}  {text}\n")
    dump = "".join(lines).encode()
    url = base64.urlsafe_b64encode(serialize(module.Order(id=-1), PROTOCOLS["binary"]))
    assert b"_" in url
    for written, encoding, value in ((dump, "hex", PLAIN), (url, "base64", {"id": -1})):
        _, output, _ = decode(written, "Order", "--json")
        found = json.loads(output)
        assert (found["encoding"], found["value"]) == (encoding, value)


#: As `hexdump -C` shows an `Item`, with lines in place of which there is a star.
HEXDUMP = b"""\
00000000  0b 00 01 00 00 00 4c 61  61 61 61 61 61 61 61 61  |......Laaaaaaaaa|
00000010  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61  |aaaaaaaaaaaaaaaa|
*
00000050  61 7c 62 00                                       |a|b.|
00000054
"""


@pytest.mark.parametrize(
    "dump",
    [
        HEXDUMP,
        # As it is pasted.
        b"\r\n".join(b"  " + line for line in HEXDUMP.splitlines()),
        # As `xxd -a` shows it, and an editor that takes away what is behind lines.
        b"""\
00000000: 0b00 0100 0000 4c61 6161 6161 6161 6161  ......Laaaaaaaaa
00000010: 6161 6161 6161 6161 6161 6161 6161 6161
*
00000050: 617c 6200                                a|b.
""",
    ],
)
def test_dumps_with_repeated_lines_are_whole(decode: Any, dump: bytes) -> None:
    _, output, errors = decode(dump, "Item", "--json")
    found = json.loads(output)
    assert errors == ""
    assert (found["encoding"], found["value"]) == ("hex", {"name": "a" * 74 + "|b"})


@pytest.mark.parametrize(
    ("dump", "told"),
    [
        (b"".join(HEXDUMP.splitlines(True)[::3]), "line 2 of the dump is of byte 0x50, where 0x10"),
        (HEXDUMP * 2, "line 6 of the dump is of byte 0x0, where 0x54 would follow"),
        (HEXDUMP + b"$ ls\n", "line 6 of the data is no line of the dump"),
        (b"".join(HEXDUMP.splitlines(True)[:3]), "the dump ends with *"),
        (HEXDUMP.replace(b"00000050", b"f0000000"), "line 4 of the dump is of byte 0xf0000000"),
        # What `hexdump` and `od` show without more.
        (b"0000000 000b 0001 0000 0300 6574 0061\n000000b\n", "a dump of od or hexdump"),
        (b"0000000 000013 000400\n", "a dump of od or hexdump"),
        (b" 0b 00 01\n*\n 61 00\n", "looks hexadecimal, but has to be two for each byte"),
        (b"0x0b00010", "looks hexadecimal, but has to be two for each byte"),
    ],
)
def test_dumps_that_are_not_whole_are_refused(decode: Any, dump: bytes, told: str) -> None:
    status, output, errors = decode(dump, "Item")
    assert (status, output) == (2, "")
    assert errors.startswith("error: ")
    assert told in errors


def test_structs_are_named_as_the_file_names_them(
    idl: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    using = Path(idl).with_name("using.thrift")
    using.write_text('include "shop.thrift"\ntypedef shop.Item Thing\nstruct Own {}\n')
    data = serialize(module.Item("tea", 3.5), PROTOCOLS["binary"])
    for name, status in (("Thing", 0), ("shop.Item", 0), ("shop.Itm", 2)):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        assert cli.main(["decode", str(using), name, "-", "--json"]) == status
        output, errors = capsys.readouterr()
        if status == 0:
            assert json.loads(output)["value"] == {"name": "tea", "price": 3.5}
    assert "did you mean 'shop.Item'?" in errors
    assert "; it has: Own, shop.Item, shop.Order, shop.Bad, shop.Base, shop.Shop" in errors


def test_input_that_is_not_what_the_option_says_is_wrong_usage(decode: Any) -> None:
    assert decode(b"xyz", "Order", "--input", "hex")[0] == 2
    assert decode(b"x!z", "Order", "--input", "base64")[0] == 2


def test_the_command_reads_a_file_in_a_process_of_its_own(idl: str, tmp_path: Path) -> None:
    path = tmp_path / "order.bin"
    path.write_bytes(serialize(ORDER))
    command = [sys.executable, "-W", "error", "-m", "fastthrift", "decode", idl, "Order"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert '1: name (string) = "tea"' in done.stdout
    missing = f"{path}.no"
    done = subprocess.run([*command, missing], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"error: cannot read {missing[:100]}: No such file or directory\n"


@pytest.mark.parametrize(
    ("data", "encoding", "reason"),
    [
        ("0b0001 00000003 746561 00", "hex", "No such file or directory"),
        ("0x0b000100000003746561" + "00" * 200, "hex", "File name too long"),
        ("CwABAAAAA3RlYQA=", "base64", "No such file or directory"),
    ],
)
def test_bytes_in_place_of_a_file_are_told_how(
    idl: str, data: str, encoding: str, reason: str
) -> None:
    command = [sys.executable, "-m", "fastthrift", "decode", idl, "Order"]
    done = subprocess.run([*command, data], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        f"error: cannot read {data[:100]}: {reason}; where that is {encoding} of the bytes and no "
        "file, pipe it: echo DATA | fastthrift decode FILE TYPE -\n",
    )
    done = subprocess.run([*command, "-"], input=data, capture_output=True, text=True, check=False)
    assert '= "tea"' in done.stdout


def header_frame(
    protocol: str, *, transforms: tuple[int, ...] = (), sequence_id: int = 5, **headers: str
) -> bytes:
    """A call in a frame of THeader, as a client sends it."""
    output = TMemoryBuffer()
    number = {"binary": 0, "compact": 2}[protocol]
    factory = THeaderTransportFactory(default_protocol=number, transforms=transforms)
    proto = THeaderProtocol(factory.get_transport(output))
    for name, value in headers.items():
        proto.set_header(name, value)
    proto.write_message_begin("find", TMessageType.CALL, sequence_id)
    proto.write_struct(module.Shop.find_args(id=7, name="tea"))
    proto.write_message_end()
    proto.trans.flush()
    return output.getvalue()


@pytest.mark.parametrize("transforms", [(), (1,)], ids=["plain", "zlib"])
@pytest.mark.parametrize("written", ["raw", "hex", "base64"])
@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_frames_of_theader_are_shown_with_their_headers(
    decode: Any, protocol: str, written: str, transforms: tuple[int, ...]
) -> None:
    data = header_frame(protocol, transforms=transforms, Tenant="acme", note="n\u00e4h")
    text = {"raw": data, "hex": data.hex(" ").encode(), "base64": base64.encodebytes(data)}[written]
    for more in ((), ("--transport", "header"), ("--protocol", protocol)):
        status, output, errors = decode(text, "Shop", "--json", *more)
        assert (status, errors) == (0, "")
        assert json.loads(output) == {
            "encoding": written,
            "protocol": protocol,
            "framed": True,
            "theader": {
                "sequence_id": 5,
                "flags": 0,
                "transforms": ["zlib"] if transforms else [],
                "headers": {"Tenant": "acme", "note": "n\u00e4h"},
                "persistent": {},
            },
            "message": {"method": "find", "type": "call", "seqid": 5},
            "value": {"id": 7, "name": "tea"},
            "error": None,
        }


def test_places_are_counted_in_the_frame_and_in_what_was_compressed(decode: Any) -> None:
    data = header_frame("binary", Tenant="acme\n")
    status, output, errors = decode(data, "Shop")
    assert (status, errors) == (0, "")
    begin = data.index(b"\x80\x01\x00\x01")
    lines = output.splitlines()
    assert lines[:4] == [
        "binary protocol, in a frame of THeader",
        "        frame with sequence id 5",
        '        header "Tenant" = "acme\\n"',
        f"{begin:6}  call find, sequence id 5",
    ]
    assert f'{data.index(b"tea") - 7:6}  2: name (string) = "tea"' in lines
    status, output, errors = decode(header_frame("binary", transforms=(1,)), "Shop")
    first, _, call = output.splitlines()[:3]
    assert first.endswith("compressed with zlib (bytes are counted within the message)")
    assert call == "     0  call find, sequence id 5"


def test_headers_for_all_messages_and_what_is_no_text_are_shown(decode: Any) -> None:
    pairs = {b"once": b"\xff"}, {b"always": b"1"}
    payload = message("compact", module.Shop.find_args(id=7))
    frame = HeaderFrame(payload, 2, 3, 2**32 - 1, [], *pairs)
    data = write_frame(frame)
    status, output, errors = decode(len(data).to_bytes(4, "big") + data, "Shop")
    assert (status, errors) == (0, "")
    assert output.splitlines()[1:4] == [
        "        frame with sequence id 4294967295, flags 0x0003",
        '        header "once" = "\\xff"',
        '        persistent header "always" = "1"',
    ]


def test_what_is_wrong_with_a_frame_of_theader_is_told(decode: Any) -> None:
    data = header_frame("binary", Tenant="acme")
    short = decode(data[:-2], "Shop")
    assert short[0] == 1
    assert "name (string)" in short[1] or "id (i64) = 7" in short[1]
    assert "message ends early" in short[2]
    assert decode(data + b"\0", "Shop")[::2] == (
        1,
        f"error: 1 byte follows the frame, at byte {len(data)}\n",
    )
    for given, options, text in (
        (data[:12], ["--transport", "header"], "the frame of THeader is broken: "),
        (message("binary", ORDER, framed=True), ["--transport", "header"], "no frame of THeader"),
        (data, ["--protocol", "apache-json"], "is in protocol apache-json: there are binary (0)"),
        (data[:14] + b"\x01" + data[15:], [], "in protocol 1: there are binary (0) and compact"),
        (header_frame("binary", transforms=(1,))[:-4], [], "is broken: "),
    ):
        status, output, errors = decode(given, "Shop", *options)
        assert (status, output) == (1, "")
        assert text in errors


def test_a_struct_in_a_frame_of_theader_is_found_where_that_is_said(decode: Any) -> None:
    data = write_frame(HeaderFrame(serialize(ORDER, PROTOCOLS["compact"]), 2))
    framed = len(data).to_bytes(4, "big") + data
    status, output, errors = decode(framed, "Order", "--json", "--transport", "header")
    assert (status, errors) == (0, "")
    assert json.loads(output)["value"] == PLAIN
