"""HTTP requests, read in one way only.

Where a proxy and the server behind it disagree about the end of a request, the rest of one is
taken for the next, and runs as a call that the proxy has never seen. So every request that RFC
9112 lets two readers understand differently is refused here, and the connection closed: what a
reader may be lenient with is an error. There is no input and output in this module: bytes are
fed in any pieces, and what is read of them does not depend on the pieces.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from typing import NamedTuple, TypeVar

from fastthrift._calls.exchange import BadRequest, Header, require_call, too_large

_T = TypeVar("_T")
# A reader in progress: it waits at each `yield` until more bytes have been fed.
_Steps = Generator[None, None, _T]

# In bytes, without the end of the line. RFC 9112 asks for 8,000 at least.
LONGEST_REQUEST_LINE = 8192
# All the lines of headers, or of trailers, together.
LONGEST_HEADERS = 65536
MOST_HEADERS = 100
LONGEST_CHUNK_LINE = 1024
# All the extensions of a body's chunks together.
MOST_EXTENSIONS = 16384

# Of what begins otherwise.
NO_REQUEST = "no HTTP request starts so"

# The values of each header, one for each line that has it, all in lower case.
Fields = dict[str, list[str]]

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])" % _TOKEN)
_TOKEN_START = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z\r]")
_HEADER = re.compile(rb"(%b):[ \t]*([\t\x20-\x7e\x80-\xff]*)" % _TOKEN)
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(;[\t\x20-\x7e\x80-\xff]*)?")
# A name or an address, and a port: RFC 3986, 3.2.
_HOST = re.compile(r"(?:\[[\w.~!$&'()*+,;=:%-]+\]|[\w.~!$&'()*+,;=%-]*)(?::[0-9]*)?", re.ASCII)
_LENGTH = re.compile(r"[0-9]+")
_MOST_LENGTH_DIGITS = 19

# What decides how a message is read must stand before it.
_NO_TRAILERS = frozenset({"content-length", "transfer-encoding", "host", "content-encoding"})


class RequestHead(NamedTuple):
    """The request line and the headers of a request."""

    method: str
    target: str
    minor_version: int  # 1 for HTTP/1.1
    headers: list[Header]
    fields: Fields
    # In bytes; None where the request has none.
    length: int | None
    chunked: bool

    def elements(self, name: str) -> list[str]:
        """The elements of the comma-separated lists that a header has as its values."""
        return _elements(self.fields.get(name, ()))

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to use the connection for another request."""
        options = self.elements("connection")
        return "close" not in options and (self.minor_version > 0 or "keep-alive" in options)

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits to be told that its body is welcome."""
        return self.minor_version > 0 and "100-continue" in self.elements("expect")

    def require_call(self, max_body: int) -> None:
        """Raise ``BadRequest`` unless this announces a body that may be a call."""
        encodings = self.elements("content-encoding")
        require_call(self.method, self.length, encodings, limit=max_body, chunked=self.chunked)
        if self.minor_version > 0 and self.elements("expect") not in ([], ["100-continue"]):
            raise BadRequest(417, "only 100-continue can be expected")


class RequestReader:
    """Reads the requests of one connection, from the bytes that are fed.

    For each request, ``head`` and then ``body`` are called until they give something; None means
    that more bytes are needed. Both raise ``BadRequest``, after which nothing more is read.
    """

    def __init__(self, max_body: int) -> None:
        """A body of more than ``max_body`` bytes is refused."""
        self._max_body = max_body
        self._buffer = bytearray()
        # Where to go on looking for the end of a line.
        self._searched = 0
        self._head_steps: _Steps[RequestHead] | None = None
        self._body_steps: _Steps[bytes] | None = None
        self._current: RequestHead | None = None
        # Not the exception, which has the frames that it went through, and this object in them.
        self._failure: tuple[int, str] | None = None

    @property
    def waiting(self) -> bytearray:
        """What has come and was not read."""
        return self._buffer

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the connection."""
        self._buffer += data

    def head(self) -> RequestHead | None:
        """The head of the next request; None until it is complete."""
        if not self._buffer and self._head_steps is None:
            return None
        if self._head_steps is None:
            self._head_steps = self._read_head()
        head = self._advance(self._head_steps)
        if head is not None:
            self._head_steps, self._current = None, head
        return head

    def body(self) -> bytes | None:
        """The body of the request whose head was read; None until it is complete."""
        head = self._current
        assert head is not None, "a body comes after its head"
        if self._body_steps is None:
            self._body_steps = self._read_body(head)
        body = self._advance(self._body_steps)
        if body is not None:
            self._body_steps = self._current = None
        return body

    def skip_body(self) -> None:
        """Go on with the next request: this one has no body."""
        self._current = None

    def _advance(self, steps: _Steps[_T]) -> _T | None:
        if self._failure is not None:
            raise BadRequest(*self._failure)
        try:
            next(steps)
        except StopIteration as end:
            value: _T = end.value
            return value
        except BadRequest as error:
            self._failure = error.status, error.reason
            raise
        return None

    def _read_head(self) -> _Steps[RequestHead]:
        line = yield from self._first_line()
        match = _REQUEST_LINE.fullmatch(line)
        if match is None:
            raise BadRequest(400, "the request line is not METHOD TARGET HTTP/1.1")
        method, target, major, minor = (part.decode("ascii") for part in match.groups())
        if major != "1" or minor not in "01":
            raise BadRequest(505, "only HTTP/1.1 and HTTP/1.0 are known")
        minor_version = int(minor)
        headers = yield from self._read_headers("headers")

        fields: Fields = {}
        for name, value in headers:
            fields.setdefault(name.lower(), []).append(value.lower())
        hosts = fields.get("host", ())
        if len(hosts) > 1 or (not hosts and minor_version > 0):
            raise BadRequest(400, "a request has one Host")
        if hosts and not _HOST.fullmatch(hosts[0]):
            raise BadRequest(400, "the Host is neither a name nor an address")
        chunked = _is_chunked(fields, minor_version)
        return RequestHead(method, target, minor_version, headers, fields, _length(fields), chunked)

    def _first_line(self) -> _Steps[bytes]:
        # An empty line may stand before a request: RFC 9112, 2.2. No more than one does.
        for _ in range(2):
            # What is no HTTP at all, such as a TLS handshake, may have no lines.
            if not _TOKEN_START.match(self._buffer):
                raise BadRequest(400, NO_REQUEST)
            line = yield from self._line(LONGEST_REQUEST_LINE, 414, "the request line is too long")
            if line:
                break
            while not self._buffer:
                yield
        return line

    def _read_headers(self, what: str) -> _Steps[list[Header]]:
        headers: list[Header] = []
        left = LONGEST_HEADERS
        while line := (yield from self._line(left, 431, f"the {what} are too long")):
            if len(headers) == MOST_HEADERS:
                raise BadRequest(431, f"more than {MOST_HEADERS} {what}")
            left -= len(line) + 2
            match = _HEADER.fullmatch(line)
            if match is None:
                raise BadRequest(400, f"one of the {what} is not of the form Name: value")
            name, value = match.groups()
            headers.append((name.decode("ascii"), value.rstrip(b" \t").decode("latin-1")))
        return headers

    def _read_body(self, head: RequestHead) -> _Steps[bytes]:
        if head.chunked:
            return (yield from self._read_chunks())
        length = head.length or 0
        if length > self._max_body:
            raise too_large(self._max_body)
        return (yield from self._take(length))

    def _read_chunks(self) -> _Steps[bytes]:
        body = bytearray()
        extensions = 0
        while True:
            line = yield from self._line(
                LONGEST_CHUNK_LINE, 400, "the line before a chunk is too long"
            )
            match = _CHUNK_LINE.fullmatch(line)
            if match is None:
                raise BadRequest(400, "the size of a chunk is no hexadecimal number")
            digits, extension = match.groups()
            extensions += len(extension or b"")
            if extensions > MOST_EXTENSIONS:
                raise BadRequest(400, "the extensions of chunks are too long")
            size = int(digits, 16)
            if size == 0:
                break
            if len(body) + size > self._max_body:
                raise too_large(self._max_body)
            body += yield from self._take(size)
            if (yield from self._take(2)) != b"\r\n":
                raise BadRequest(400, "a chunk is not as long as its size says")
        trailers = yield from self._read_headers("trailers")
        if any(name.lower() in _NO_TRAILERS for name, _ in trailers):
            raise BadRequest(400, "a header that decides how to read the body comes after it")
        return bytes(body)

    def _line(self, longest: int, status: int, too_long: str) -> _Steps[bytes]:
        """The next line, without its end, which is CR LF and nothing else."""
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            if len(self._buffer) >= longest + 2:
                raise BadRequest(status, too_long)
            self._searched = len(self._buffer)
            yield
        if end + 1 > longest + 2:
            raise BadRequest(status, too_long)
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._searched = 0
        if not line.endswith(b"\r\n") or line.find(b"\r") != end - 1:
            raise BadRequest(400, "a line does not end with CR LF")
        return line[:-2]

    def _take(self, size: int) -> _Steps[bytes]:
        """The next ``size`` bytes."""
        while len(self._buffer) < size:
            yield
        with memoryview(self._buffer) as view:
            data = bytes(view[:size])
        del self._buffer[:size]
        return data


def _elements(values: Iterable[str]) -> list[str]:
    parts = ",".join(values).split(",")
    return [part for part in (part.strip(" \t") for part in parts) if part]


def _is_chunked(fields: Fields, minor_version: int) -> bool:
    values = fields.get("transfer-encoding")
    if not values:
        return False
    if minor_version == 0:
        raise BadRequest(400, "HTTP/1.0 has no Transfer-Encoding")
    if "content-length" in fields:
        raise BadRequest(400, "a request has a Content-Length or a Transfer-Encoding, not both")
    if values == ["chunked"]:
        return True
    *others, last = _elements(values) or [""]
    if others and last == "chunked" and "chunked" not in others:
        # Its end could be found, but not what it means.
        raise BadRequest(501, "only chunked is known as a Transfer-Encoding")
    raise BadRequest(400, "the Transfer-Encoding of a request is chunked, said once")


def _length(fields: Fields) -> int | None:
    values = fields.get("content-length")
    if not values:
        return None
    if len(values) > 1:
        raise BadRequest(400, "a request has one Content-Length")
    if not _LENGTH.fullmatch(values[0]):
        raise BadRequest(400, "the Content-Length is no decimal number")
    if len(values[0]) > _MOST_LENGTH_DIGITS:
        raise BadRequest(413, "the Content-Length is more than any message has")
    return int(values[0])
