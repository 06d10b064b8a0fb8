"""Show what is in the bytes of a Thrift message.

Decodes DATA by a Thrift file: TYPE is a struct of it, such as Order or shared.Order, for a bare
struct; or a service, for a message with its header (a call, a reply, an error). Protocol, frame
(that of THeader, too) and hexadecimal or base64 text are found from the bytes. Each field is shown
with the byte where it begins; of bytes that are wrong, all that comes before.

exit status: 0 all of it is right, 1 something is wrong, which standard error tells with its byte
and field; 2 wrong usage
"""

from __future__ import annotations

import argparse
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from fastthrift import _core
from fastthrift._core import DEFAULT_MAX_SIZE, FRAME_HEADER, TMessageType, TType, to_dict
from fastthrift._idl import UsageError, add_include_dirs, all_below, find, load
from fastthrift._plain import did_you_mean, json_text, methods_of
from fastthrift.protocol import TJSONProtocol
from fastthrift.thrift import TApplicationException, TException
from fastthrift.transport import TMemoryBuffer, TTransportException
from fastthrift.transport._header_frame import HeaderFrame, is_header_frame, read_frame
from fastthrift.transport.header import THeaderSubprotocolID

from ._completion import complete_names
from ._input import FORMS, read, understood
from ._traced import (
    Fields,
    Schema,
    chosen,
    count_known,
    lines,
    path_to_end,
    plain,
    quoted,
    up_to_wrong_base64,
)

OK, FAILED, USAGE = 0, 1, 2

PROTOCOLS = ("auto", "binary", "compact", "json", "apache-json")
TRANSPORTS = ("auto", "framed", "buffered", "header")

_KINDS = {
    TMessageType.CALL: "call",
    TMessageType.REPLY: "reply",
    TMessageType.EXCEPTION: "exception",
    TMessageType.ONEWAY: "oneway call",
}
_SPOKEN = {
    "binary": "binary",
    "old binary": "binary",
    "compact": "compact",
    "JSON": "json",
    "Apache JSON": "apache-json",
}
_HEADER = "THeader"
# The protocols of messages in frames of THeader, by the numbers that these have.
_IN_HEADER = {THeaderSubprotocolID.BINARY: "binary", THeaderSubprotocolID.COMPACT: "compact"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("idl", metavar="FILE", help="the Thrift file")
    kind = parser.add_argument(
        "type", metavar="TYPE", help="a struct of the file, or a service for a whole message"
    )
    complete_names(kind, lambda _, module: _names(module))
    parser.add_argument("data", metavar="DATA", help="a file with the bytes; - is standard input")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--input",
        choices=FORMS,
        default="auto",
        help="whether the bytes are as they are, or text: hexadecimal digits, which may be as xxd "
        "or hexdump -C show them, or base64",
    )
    parser.add_argument(
        "--only",
        metavar="FIELD",
        action="append",
        default=[],
        help="show this field alone, such as success.items.name; may be given several times",
    )
    parser.add_argument("--protocol", choices=PROTOCOLS, default="auto")
    parser.add_argument("--transport", choices=TRANSPORTS, default="auto")
    add_include_dirs(parser)


def run(arguments: argparse.Namespace) -> int:
    try:
        module = load(arguments.idl, arguments.include_dirs)
        kind = _find_type(module, arguments.idl, arguments.type)
        encoding, data = understood(read(arguments.data), arguments.input)
        found = _found(data, kind, arguments)
        if arguments.only:
            found.choose(arguments.only)
    except UsageError as error:
        print(error, file=sys.stderr)
        return USAGE
    except _NotDecoded as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    if arguments.json:
        print(json_text({"encoding": encoding, **found.document()}))
    else:
        _print_text(found, encoding)
    if found.wrong is None:
        return OK
    print(f"error: {found.wrong_in_words()}", file=sys.stderr)
    return FAILED


class _NotDecoded(Exception):
    """Why nothing can be shown."""


def _find_type(module: Any, path: str, name: str) -> Any:
    """A struct, which may be named by a typedef of it, or a service."""
    try:
        return find(module, path, name, "service", "thrift_services")
    except UsageError:
        pass
    typedef = module
    for part in name.split("."):
        typedef = getattr(typedef, part, None)
    if isinstance(typedef, tuple) and typedef[:1] == (TType.STRUCT,):
        return typedef[1]
    try:
        return find(module, path, name, "struct", "thrift_spec")
    except UsageError:
        names = list(_names(module))
        raise UsageError(
            f"error: {path} has no struct or service {name!r}{did_you_mean(name, names)}; it has: "
            f"{', '.join(names) or 'none'}"
        ) from None


def _names(module: Any) -> Iterator[str]:
    """The structs and services of a file and of those that it includes."""
    yield from all_below(module, "thrift_spec")
    yield from all_below(module, "thrift_services")


# What they are


class _Found(ABC):
    """What bytes are, in one of the ways in which they can be understood."""

    #: What is wrong, and where: a byte, and the path of a field.
    wrong: tuple[str, int | None, str] | None = None
    header: tuple[bytes, int, int] | None = None
    #: The class of the struct, where the file has one.
    struct: Any = None
    #: The frame of THeader that it came in.
    frame: HeaderFrame | None = None

    def __init__(self, protocol: str, *, framed: bool, base: int | None = None) -> None:
        self.protocol = protocol
        self.framed = framed
        #: Where the message begins.
        self.base = base if base is not None else FRAME_HEADER if framed else 0

    def note_wrong(self, text: str, at: int | None, path: str = "") -> None:
        if self.wrong is None:
            self.wrong = text, at, path

    def note_rest(self, count: int, what: str, at: int) -> None:
        """So many bytes come after all that belongs to it."""
        follow = "1 byte follows" if count == 1 else f"{count} bytes follow"
        self.note_wrong(f"{follow} {what}", at)

    def wrong_in_words(self) -> str:
        assert self.wrong is not None
        text, at, path = self.wrong
        return "".join(
            (text, "" if at is None else f", at byte {at}", f", in {path}" if path else "")
        )

    def choose(self, paths: Sequence[str]) -> None:
        """Leave out all but the fields that `paths` name. Raises `UsageError` for one that is not
        there."""
        if self.struct is None:
            return
        try:
            _core.select(self.struct, *paths)
        except ValueError as error:
            raise UsageError(f"error: --only: {error}") from None
        self.keep(paths)

    @abstractmethod
    def keep(self, paths: Sequence[str]) -> None:
        """Leave out all but the fields that `paths` name, which are there."""

    @abstractmethod
    def value(self) -> Any:
        """The struct as plain data, as far as it was read."""

    @abstractmethod
    def lines(self) -> Iterator[tuple[int | None, str]]:
        """The struct as text, with the bytes where its parts begin."""

    def document(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        header = self.header
        message = header and {
            "method": header[0].decode(errors="backslashreplace"),
            "type": _KINDS.get(header[1], header[1]),
            "seqid": header[2],
        }
        wrong = self.wrong and dict(zip(("text", "byte", "field"), self.wrong, strict=True))
        return {
            "protocol": self.protocol,
            "framed": self.framed,
            **({} if self.frame is None else {"theader": _plain_frame(self.frame)}),
            "message": message,
            "value": self.value(),
            "error": wrong,
        }

    @abstractmethod
    def rank(self) -> tuple[bool, float, int]:
        """How much speaks for it, to be compared with other ways."""


class _Traced(_Found):
    """By a protocol whose values have their places."""

    def __init__(
        self,
        data: bytes,
        kind: Any,
        protocol: str,
        *,
        framed: bool,
        message: bool,
        base: int | None = None,
    ) -> None:
        super().__init__(protocol, framed=framed, base=base)
        self._is_json = protocol == "apache-json"
        data = data[self.base :]
        header, self._node, self._end, wrong = _core.trace(
            data, protocol.replace("-", "_"), message=message
        )
        if not message:
            self.struct = kind
        elif header is not None:
            self.header = header
            self.struct, problem = _struct_of(kind, header)
        self._schema = None if self.struct is None else Schema(TType.STRUCT, self.struct)
        if self._is_json and self._node is not None:
            self._node, at = up_to_wrong_base64(self._node, self._schema)
            if at is not None:
                wrong = "not base64, which binary must be", at
        if wrong is not None:
            path = ""
            if self._node is not None:
                path = path_to_end(self._node, self._schema, is_json=self._is_json)
            self.note_wrong(wrong[0], wrong[1] + self.base, path)
        elif message and problem:
            self.note_wrong(problem, None)
        rest = data[self._end :]
        if self._is_json:
            rest = rest.strip().removeprefix(b"]" if message else b"").strip()
        if rest:
            self.note_rest(len(rest), "the end", len(data) - len(rest) + self.base)

    def keep(self, paths: Sequence[str]) -> None:
        fields: Fields = {}
        for path in sorted(paths, key=lambda path: path.count(".")):
            *outer, last = path.split(".")
            inside = fields
            for name in outer:
                # One that was named itself is there as a whole.
                if inside.get(name) == {}:
                    break
                inside = inside.setdefault(name, {})
            else:
                inside[last] = {}
        if self._node is not None:
            self._node = chosen(self._node, self._schema, fields)

    def value(self) -> Any:
        if self._node is None:
            return None
        return plain(self._node, self._schema, is_json=self._is_json)

    def lines(self) -> Iterator[tuple[int | None, str]]:
        if self._node is not None:
            yield from lines(self._node, self._schema, self.base, 0, is_json=self._is_json)

    def rank(self) -> tuple[bool, float, int]:
        if self._node is None:
            return False, 0.0, 0
        known, unknown = count_known(self._node, self._schema)
        share = known / (known + unknown) if known + unknown else 0.5
        return self.wrong is None, share, self._end


class _Json(_Found):
    """By thriftpy2's JSON, whose values have no places."""

    def __init__(self, data: bytes, kind: Any, *, framed: bool, message: bool) -> None:
        super().__init__("json", framed=framed)
        data = data[self.base :]
        if data.lstrip().startswith(b"{"):
            data = _core.unsigned_header(len(data)) + data
        protocol = TJSONProtocol(TMemoryBuffer(data))
        self._value: Any = None
        try:
            self.struct = kind
            if message:
                name, message_type, seqid = protocol.read_message_begin()
                self.header = str(name).encode(errors="surrogatepass"), message_type, seqid
                self.struct, problem = _struct_of(kind, self.header)
                if self.struct is None:
                    self.note_wrong(problem or "", None)
                    return
            self._read = protocol.read_struct(self.struct())
            self._value = self._as_plain(self._read)
        except (TException, EOFError, ValueError) as error:
            self.note_wrong(getattr(error, "message", None) or str(error), None)
        length, text = data[:FRAME_HEADER], data[FRAME_HEADER:]
        if text and (rest := len(text) - _core.unsigned_length(length)) > 0:
            self.note_wrong(f"{rest} bytes follow the end", None)

    def keep(self, paths: Sequence[str]) -> None:
        if self._value is not None:
            part = _core.decode(self.struct, _core.encode(self._read), only=paths)
            self._value = self._as_plain(part)

    @staticmethod
    def _as_plain(read: Any) -> Any:
        return to_dict(read, enums="name", binary="base64", keys="str")

    def value(self) -> Any:
        return self._value

    def lines(self) -> Iterator[tuple[int | None, str]]:
        if self._value is not None:
            for line in json_text(self._value).splitlines():
                yield None, line

    def rank(self) -> tuple[bool, float, int]:
        return self.wrong is None, 1.0 if self._value else 0.0, 0


def _struct_of(service: Any, header: tuple[bytes, int, int]) -> tuple[Any, str | None]:
    """The struct that follows a header; or None, and why there is none."""
    name, message_type, _ = header
    method = _name(name.rpartition(b":")[2])
    if message_type == TMessageType.EXCEPTION:
        return TApplicationException, None
    if method not in methods_of(service):
        near = did_you_mean(method, methods_of(service))
        shown = f"'{method}'" if method.isidentifier() else method
        return None, f"{service.__name__} has no method {shown}{near}"
    if message_type == TMessageType.REPLY:
        return getattr(service, f"{method}_result"), None
    if message_type in (TMessageType.CALL, TMessageType.ONEWAY):
        return getattr(service, f"{method}_args"), None
    return None, f"there is no type of messages {message_type}"


def _found(data: bytes, kind: Any, arguments: argparse.Namespace) -> _Found:
    """What the bytes are. Raises `_NotDecoded` where they are nothing that is known."""
    if not data:
        raise _NotDecoded("there are no bytes")
    message = hasattr(kind, "thrift_services")
    protocol, transport = arguments.protocol, arguments.transport
    said = _core.detect(data[:64])
    is_header = transport == "auto" and message and said is not None and said[0] == _HEADER
    if transport == "header" or is_header:
        return _in_header(data, kind, protocol, message=message)
    if message and protocol == "auto" and said is not None:
        if said[0] not in _SPOKEN:
            raise _NotDecoded(f"the bytes are no Thrift message: they begin as {said[0]}")
        ways = [(_SPOKEN[said[0]], said[1] if transport == "auto" else transport == "framed")]
    else:
        ways = list(_ways(data, protocol, transport))
    found = [_understood(data, kind, way, message=message) for way in ways]
    best = max(found, key=lambda way: way.rank())
    if protocol == "auto" and best.wrong is not None and not message and said is not None:
        text, at, path = best.wrong
        is_message = said[0] in _SPOKEN
        hint = "a message: name its service in place of a struct" if is_message else said[0]
        best.wrong = f"{text} (the bytes begin as {hint})", at, path
    return best


def _in_header(data: bytes, kind: Any, protocol: str, *, message: bool) -> _Found:
    """What is in a frame of THeader. Raises `_NotDecoded` for bytes that are none."""
    whole = data[: _core.frame_end(data)]
    if not is_header_frame(whole[FRAME_HEADER:]):
        raise _NotDecoded("the bytes are no frame of THeader: 0f ff after a length is missing")
    try:
        frame = read_frame(whole[FRAME_HEADER:], DEFAULT_MAX_SIZE)
    except TTransportException as error:
        raise _NotDecoded(f"the frame of THeader is broken: {error.message}") from None
    if protocol == "auto":
        protocol = _IN_HEADER.get(frame.protocol_id, str(frame.protocol_id))
    if protocol not in _IN_HEADER.values():
        raise _NotDecoded(
            f"the message in the frame of THeader is in protocol {protocol}: there are binary (0) "
            "and compact (2)"
        )
    # Of what was compressed there are no bytes in the frame that could be told.
    source = frame.payload if frame.transforms else whole
    base = len(source) - len(frame.payload)
    found = _Traced(source, kind, protocol, framed=True, message=message, base=base)
    found.frame = frame
    if wrong := _wrong_with_frame(data):
        found.note_wrong(wrong, len(data))
    if rest := len(data) - len(whole):
        found.note_rest(rest, "the frame", len(whole))
    return found


def _ways(data: bytes, protocol: str, transport: str) -> Iterator[tuple[str, bool]]:
    """The ways in which the bytes may be understood: protocols, and whether in a frame."""
    fills = _core.frame_end(data) == len(data)
    for framed in (False, True):
        if framed and transport != "framed" and not (transport == "auto" and fills):
            continue
        if not framed and transport == "framed":
            continue
        if protocol != "auto":
            yield protocol, framed
        elif (found := _core.detect_struct(data, framed)) is not None:
            yield _SPOKEN[found[0]], found[1]
        else:
            yield "binary", framed
            yield "compact", framed


def _understood(data: bytes, kind: Any, way: tuple[str, bool], *, message: bool) -> _Found:
    protocol, framed = way
    if framed and (wrong := _wrong_with_frame(data)):
        whole = _of(data, kind, protocol, framed=True, message=message)
        whole.note_wrong(wrong, len(data))
        return whole
    return _of(data, kind, protocol, framed=framed, message=message)


def _wrong_with_frame(data: bytes) -> str | None:
    """What is wrong with the length of a frame that bytes begin with, if anything."""
    if len(data) < FRAME_HEADER:
        return "the length of a frame is missing"
    try:
        length = _core.frame_length(data[:FRAME_HEADER], sys.maxsize)
    except TTransportException as error:
        return error.message
    missing = FRAME_HEADER + length - len(data)
    return f"the frame lacks {missing} bytes" if missing > 0 else None


def _of(data: bytes, kind: Any, protocol: str, *, framed: bool, message: bool) -> _Found:
    if protocol == "json":
        return _Json(data, kind, framed=framed, message=message)
    return _Traced(data, kind, protocol, framed=framed, message=message)


def _plain_frame(frame: HeaderFrame) -> dict[str, Any]:
    """What a frame of THeader has beside its message, as plain data."""
    return {
        "sequence_id": frame.sequence_id,
        "flags": frame.flags,
        "transforms": ["zlib"] * len(frame.transforms),
        "headers": _texts(frame.headers),
        "persistent": _texts(frame.persistent),
    }


def _texts(pairs: dict[bytes, bytes]) -> dict[str, str]:
    return {
        name.decode(errors="backslashreplace"): value.decode(errors="backslashreplace")
        for name, value in pairs.items()
    }


# Text


def _print_text(found: _Found, encoding: str) -> None:
    place = "in a frame" if found.framed else "not in a frame"
    parts = [f"{found.protocol} protocol", place]
    if found.frame is not None:
        parts[-1] += " of THeader"
        if found.frame.transforms:
            parts.append("compressed with zlib (bytes are counted within the message)")
    if encoding != "raw":
        parts.append(f"from {encoding}")
    print(", ".join(parts))
    if found.frame is not None:
        _print_headers(found.frame)
    if found.header is not None:
        name, message_type, seqid = found.header
        kind = _KINDS.get(message_type, f"type {message_type}")
        print(f"{found.base:6}  {kind} {_name(name)}, sequence id {seqid}")
    for at, text in found.lines():
        print(f"{'' if at is None else at:>6}  {text}")


def _print_headers(frame: HeaderFrame) -> None:
    flags = f", flags {frame.flags:#06x}" if frame.flags else ""
    print(f"{'':6}  frame with sequence id {frame.sequence_id}{flags}")
    for pairs, kind in ((frame.headers, "header"), (frame.persistent, "persistent header")):
        for name, value in pairs.items():
            print(f"{'':6}  {kind} {quoted(name)} = {quoted(value)}")


def _name(name: bytes) -> str:
    """The name of a method; in quotes where it is no name."""
    is_name = re.fullmatch(rb"[A-Za-z0-9_.:-]+", name) is not None
    return name.decode() if is_name else quoted(name)
