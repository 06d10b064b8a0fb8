"""Requests that two readers of HTTP may understand differently, with the status that each gets.

After each of them, or within it, stands a whole request that nobody is to serve: a call of `note`.
"""

from __future__ import annotations

import random

from support.rpc import message

ADD = message("add", 1, b"\x08\0\1\0\0\0\1\x08\0\2\0\0\0\2\0", kind=1)
NOTE = message("note", 1, b"\x0b\0\1\0\0\0\x08smuggled\0", kind=4)


def post(body: bytes, *headers: str, version: str = "1.1", host: str = "Host: x") -> bytes:
    lines = [f"POST / HTTP/{version}", *filter(None, [host]), *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunks(*bodies: bytes, trailers: bytes = b"") -> bytes:
    parts = [b"%x\r\n%b\r\n" % (len(body), body) for body in bodies]
    return b"".join(parts) + b"0\r\n" + trailers + b"\r\n"


LENGTH = f"Content-Length: {len(ADD)}"
CHUNKED = "Transfer-Encoding: chunked"
GOOD = post(ADD, LENGTH)
OLD = post(ADD, LENGTH, "Connection: keep-alive", version="1.0")
SMUGGLED = post(NOTE, f"Content-Length: {len(NOTE)}")
HIDDEN = f"Content-Length: {len(ADD) + len(SMUGGLED)}"


def sized(size: bytes, data: bytes = ADD) -> bytes:
    """A request whose only chunk has this line before it."""
    return post(size + b"\r\n" + data + b"\r\n0\r\n\r\n", CHUNKED)


HEX = b"%x" % len(ADD)

LAST_CHUNK = b"\r\n0\r\n\r\n"


def trailed(trailers: bytes) -> bytes:
    return post(chunks(ADD, trailers=trailers), CHUNKED)


# Name, request, status. All of them end the connection.
REFUSED: list[tuple[str, bytes, int]] = [
    # --- How long is the body? RFC 9112, 6.3 ---
    ("two lengths", post(ADD, LENGTH, HIDDEN), 400),
    ("two lengths, the other way round", post(ADD, HIDDEN, LENGTH), 400),
    ("a length said twice", post(ADD, LENGTH, LENGTH), 400),
    ("a list of lengths", post(ADD, f"{LENGTH}, {len(ADD)}"), 400),
    ("a list of different lengths", post(ADD, f"{LENGTH}, 5"), 400),
    ("a length with a sign", post(ADD, f"Content-Length: +{len(ADD)}"), 400),
    ("a negative length", post(ADD, "Content-Length: -1"), 400),
    ("a length with an underscore", post(ADD, "Content-Length: 3_0"), 400),
    ("a length with a space", post(ADD, "Content-Length: 3 0"), 400),
    ("a length in hex", post(ADD, f"Content-Length: 0x{len(ADD):x}"), 400),
    ("a length with a fraction", post(ADD, f"Content-Length: {len(ADD)}.0"), 400),
    ("a length in superscript", post(ADD, "Content-Length: \xb2\xb3"), 400),
    ("a length in Arabic digits", post(ADD, "Content-Length: \xd9\xa3\xd9\xa0"), 400),
    ("a length with a no-break space", post(ADD, f"Content-Length:\xa0{len(ADD)}"), 400),
    ("a length after a form feed", post(ADD, f"Content-Length:\x0c{len(ADD)}"), 400),
    ("an empty length", post(ADD, "Content-Length: "), 400),
    ("a length that is a word", post(ADD, "Content-Length: many"), 400),
    ("no length", post(ADD), 411),
    ("a length of 99,999,999,999", post(ADD, "Content-Length: 99999999999"), 413),
    ("a length of 30 digits", post(ADD, "Content-Length: " + "9" * 30), 413),
    ("a length of 5,000 digits", post(ADD, "Content-Length: " + "9" * 5000), 413),
    # --- A length and chunks, RFC 9112, 6.1 ---
    ("chunks and a length", post(chunks(ADD) + SMUGGLED, CHUNKED, HIDDEN), 400),
    ("a length and chunks", post(chunks(ADD) + SMUGGLED, HIDDEN, CHUNKED), 400),
    ("a length that is right, and chunks", post(chunks(ADD), "Content-Length: 45", CHUNKED), 400),
    ("chunks said twice", post(chunks(ADD), CHUNKED, CHUNKED), 400),
    ("chunks said twice in a list", post(chunks(ADD), f"{CHUNKED}, chunked"), 400),
    ("chunks and identity", post(chunks(ADD), CHUNKED, "Transfer-Encoding: identity"), 400),
    ("identity and chunks", post(chunks(ADD), "Transfer-Encoding: identity, chunked"), 501),
    ("identity", post(ADD, "Transfer-Encoding: identity"), 400),
    ("identity and a length", post(ADD, "Transfer-Encoding: identity", LENGTH), 400),
    ("gzip", post(ADD, "Transfer-Encoding: gzip"), 400),
    ("gzip and chunks", post(chunks(ADD), "Transfer-Encoding: gzip, chunked"), 501),
    ("chunks and gzip", post(chunks(ADD), "Transfer-Encoding: chunked, gzip"), 400),
    ("a coding like chunked", post(chunks(ADD), "Transfer-Encoding: xchunked"), 400),
    ("chunked in quotes", post(chunks(ADD), 'Transfer-Encoding: "chunked"'), 400),
    ("chunked with a parameter", post(chunks(ADD), "Transfer-Encoding: chunked;q=1"), 400),
    ("an empty coding", post(chunks(ADD), "Transfer-Encoding:"), 400),
    ("a comma after chunked", post(chunks(ADD), "Transfer-Encoding: chunked,"), 400),
    ("chunked after a vertical tab", post(chunks(ADD), "Transfer-Encoding: \x0bchunked"), 400),
    ("chunks in HTTP/1.0", post(chunks(ADD), CHUNKED, version="1.0"), 400),
    # --- Chunks, RFC 9112, 7.1 ---
    ("a chunk's size with 0x", sized(b"0x" + HEX), 400),
    ("a chunk's size with a plus", sized(b"+" + HEX), 400),
    ("a chunk's size with a minus", sized(b"-" + HEX), 400),
    ("a chunk's size with an underscore", sized(b"0_" + HEX), 400),
    ("a chunk's size after a space", sized(b" " + HEX), 400),
    ("a chunk's size before a space", sized(HEX + b" "), 400),
    ("a chunk's size before a tab", sized(HEX + b"\t"), 400),
    ("a chunk's size before a space and an extension", sized(HEX + b" ;a=b"), 400),
    ("a chunk's size in wide digits", sized("\uff11".encode()), 400),
    ("a chunk without a size", sized(b""), 400),
    ("a chunk's size that is an extension alone", sized(b";a=b"), 400),
    ("a chunk's size of 40 digits", sized(b"0" * 38 + HEX), 400),
    ("a huge chunk", sized(b"ffffffffff"), 413),
    ("a chunk of 2 to the 64th and some", sized(b"10000000000000000" + HEX), 400),
    ("a line feed in a chunk's extension", sized(HEX + b";a\nb"), 400),
    ("a carriage return in a chunk's extension", sized(HEX + b";a\rb"), 400),
    ("a null byte in a chunk's extension", sized(HEX + b";a\0b"), 400),
    ("a long extension", sized(HEX + b";" + b"a" * 5000), 400),
    (
        "many extensions",
        post(b"".join(b"1;%b\r\n%c\r\n" % (b"a" * 1000, byte) for byte in ADD), CHUNKED),
        400,
    ),
    ("a chunk that is longer than its size", post(b"1\r\nxx\r\n0\r\n\r\n", CHUNKED), 400),
    (
        "a chunk that ends with a line feed",
        sized(HEX).replace(LAST_CHUNK, LAST_CHUNK[1:]),
        400,
    ),
    ("a chunk's size with a line feed", post(HEX + b"\n" + ADD + b"\r\n0\r\n\r\n", CHUNKED), 400),
    ("trailers with a line feed", trailed(b"a: b\n"), 400),
    ("trailers that are no headers", trailed(b"a b\r\n"), 400),
    ("a folded trailer", trailed(b"a: b\r\n c\r\n"), 400),
    (
        "a length among the trailers",
        trailed(b"Content-Length: 5\r\n"),
        400,
    ),
    (
        "a coding among the trailers",
        trailed(CHUNKED.encode() + b"\r\n"),
        400,
    ),
    ("many trailers", trailed(b"a: b\r\n" * 1000), 431),
    ("a long trailer", trailed(b"a: " + b"b" * 100_000 + b"\r\n"), 431),
    # --- Lines, RFC 9112, 2.2 ---
    ("lines that end with line feeds", GOOD.replace(b"\r\n", b"\n", 5), 400),
    ("a request line with a line feed", GOOD.replace(b"\r\n", b"\n", 1), 400),
    ("a header with a line feed", GOOD.replace(b"Host: x\r\n", b"Host: x\n"), 400),
    ("an end of headers with a line feed", GOOD.replace(b"\r\n\r\n", b"\r\n\n"), 400),
    ("headers parted by a carriage return", post(ADD, f"A: b\r{LENGTH}", LENGTH), 400),
    ("a line with two carriage returns", post(ADD, "A: b\r", LENGTH), 400),
    ("a null byte in a header", post(ADD, "A: b\0", LENGTH), 400),
    ("a control character in a header", post(ADD, "A: b\x01", LENGTH), 400),
    ("a folded header", post(ADD, "A: b", f" {LENGTH}", LENGTH), 400),
    ("a folded header with a tab", post(ADD, "A: b\r\n\tc", LENGTH), 400),
    ("a folded first header", post(ADD, LENGTH, host=" Host: x"), 400),
    ("a folded length", post(ADD, f"Content-Length:\r\n {len(ADD)}"), 400),
    ("a folded coding", post(chunks(ADD), "Transfer-Encoding:\r\n chunked"), 400),
    # --- Names, RFC 9112, 5.1 ---
    ("a space before the colon", post(ADD, f"Content-Length : {len(ADD)}"), 400),
    ("a tab before the colon", post(chunks(ADD), "Transfer-Encoding\t: chunked"), 400),
    ("a space in a name", post(ADD, "A b: c", LENGTH), 400),
    ("a header without a name", post(ADD, ": c", LENGTH), 400),
    ("a header without a colon", post(ADD, "Abc", LENGTH), 400),
    ("a name in Latin-1", post(ADD, "\xc4: c", LENGTH), 400),
    ("a name in brackets", post(ADD, "(A): c", LENGTH), 400),
    ("a null byte in a name", post(ADD, "Content\0-Length: 5", LENGTH), 400),
    # --- Hosts, RFC 9112, 3.2 ---
    ("no host", post(ADD, LENGTH, host=""), 400),
    ("two hosts", post(ADD, LENGTH, "Host: y"), 400),
    ("a host said twice", post(ADD, LENGTH, "Host: x"), 400),
    ("two hosts in HTTP/1.0", post(ADD, LENGTH, "Host: y", version="1.0"), 400),
    ("a list of hosts", post(ADD, LENGTH, host="Host: x, y"), 400),
    ("a host with a path", post(ADD, LENGTH, host="Host: x/y"), 400),
    ("a host with a user", post(ADD, LENGTH, host="Host: a@x"), 400),
    # --- The request line, RFC 9112, 3 ---
    ("two spaces in the request line", GOOD.replace(b"POST /", b"POST  /"), 400),
    ("a tab in the request line", GOOD.replace(b"POST /", b"POST\t/"), 400),
    ("a space after the request line", GOOD.replace(b"HTTP/1.1", b"HTTP/1.1 "), 400),
    ("a space before the request line", b" " + GOOD, 400),
    ("a space in the target", GOOD.replace(b"POST /", b"POST /a b"), 400),
    ("a null byte in the target", GOOD.replace(b"POST /", b"POST /a\0"), 400),
    ("a target in UTF-8", GOOD.replace(b"POST /", "POST /é".encode()), 400),
    ("no target", GOOD.replace(b"POST / ", b"POST "), 400),
    ("a bad method", GOOD.replace(b"POST", b"PO(ST"), 400),
    ("HTTP/0.9", b"POST /\r\n\r\n" + ADD, 400),
    ("HTTP/2.0", GOOD.replace(b"HTTP/1.1", b"HTTP/2.0"), 505),
    ("HTTP/1.2", GOOD.replace(b"HTTP/1.1", b"HTTP/1.2"), 505),
    ("HTTP/1.10", GOOD.replace(b"HTTP/1.1", b"HTTP/1.10"), 400),
    ("http in small letters", GOOD.replace(b"HTTP/1.1", b"http/1.1"), 400),
    ("two empty lines", b"\r\n\r\n" + GOOD, 400),
    ("an empty line with a line feed", b"\n" + GOOD, 400),
    # --- Lengths of lines ---
    ("a long request line", GOOD.replace(b"POST /", b"POST /" + b"a" * 100_000), 414),
    ("a long header", post(ADD, LENGTH, "A: " + "b" * 100_000), 431),
    ("many headers", post(ADD, LENGTH, *["A: b"] * 1000), 431),
    ("many long headers", post(ADD, LENGTH, *["A: " + "b" * 5000] * 50), 431),
    # --- What is no HTTP ---
    ("a message of Thrift", ADD, 400),
    ("a framed message of Thrift", len(ADD).to_bytes(4, "big") + ADD, 400),
    ("a TLS handshake", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 400),
    ("a connection of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    # --- What a call is not ---
    ("an encoding", post(ADD, LENGTH, "Content-Encoding: gzip"), 415),
    ("an encoding said twice", post(ADD, LENGTH, "Content-Encoding: identity, br"), 415),
    ("an unknown expectation", post(ADD, LENGTH, "Expect: 200-ok"), 417),
    ("no Thrift", post(b"not thrift", "Content-Length: 10"), 400),
    ("nothing", post(b"", "Content-Length: 0"), 400),
    ("nothing in chunks", post(chunks(), CHUNKED), 400),
    ("a part of a message", post(ADD[:9], "Content-Length: 9"), 400),
    ("a message without its end", post(ADD[:-2], f"Content-Length: {len(ADD) - 2}"), 400),
    ("two messages", post(ADD + NOTE, f"Content-Length: {len(ADD + NOTE)}"), 400),
    ("two messages in chunks", post(chunks(ADD, NOTE), CHUNKED), 400),
    ("two messages, the other first", post(NOTE + ADD, f"Content-Length: {len(ADD + NOTE)}"), 400),
    ("a message and a byte", post(ADD + b"\0", f"Content-Length: {len(ADD) + 1}"), 400),
    ("a message and a request", post(ADD + SMUGGLED, HIDDEN), 400),
    ("a GET with a body", GOOD.replace(b"POST", b"GET"), 405),
    ("a CONNECT", b"CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\n\r\n", 405),
    ("a GET with chunks", post(chunks(ADD), CHUNKED).replace(b"POST", b"GET"), 405),
]

# Name and request: unusual, but there is one way to read them. All of them hold the call `add`.
ACCEPTED: list[tuple[str, bytes]] = [
    ("an ordinary one", GOOD),
    ("HTTP/1.0", OLD),
    (
        "HTTP/1.0 without a host",
        OLD.replace(b"Host: x\r\n", b""),
    ),
    ("an empty line before it", b"\r\n" + GOOD),
    ("an empty host", post(ADD, LENGTH, host="Host:")),
    ("a host with a port", post(ADD, LENGTH, host="Host: my_service.example:8080")),
    ("an IPv6 host", post(ADD, LENGTH, host="Host: [::1]:8080")),
    ("an absolute target", GOOD.replace(b"POST /", b"POST http://x/a?b=c")),
    ("a length with zeros before it", post(ADD, f"Content-Length: 000{len(ADD)}")),
    ("names in other letters", post(ADD, LENGTH.upper())),
    ("no space after the colon", post(ADD, LENGTH.replace(" ", ""))),
    ("spaces and tabs around a value", post(ADD, f"Content-Length: \t {len(ADD)} \t ")),
    ("a header without a value", post(ADD, LENGTH, "A:", "B: ")),
    ("a value in Latin-1", post(ADD, LENGTH, "A: \xe4\xff")),
    ("a name of all kinds of characters", post(ADD, LENGTH, "!#$%&'*+-.^_`|~09aZ: b")),
    ("identity as encoding", post(ADD, LENGTH, "Content-Encoding: identity")),
    (
        "white space after the message",
        post(ADD + b"\n", f"Content-Length: {len(ADD) + 1}"),
    ),
    ("one chunk", post(chunks(ADD), CHUNKED)),
    ("chunks of a byte", post(chunks(*[bytes([byte]) for byte in ADD]), CHUNKED)),
    ("chunked in other letters", post(chunks(ADD), "Transfer-Encoding: Chunked")),
    (
        "a size in capitals with zeros",
        sized(b"000" + HEX.upper()),
    ),
    ("a last chunk of many zeros", post(HEX + b"\r\n" + ADD + b"\r\n0000\r\n\r\n", CHUNKED)),
    ("extensions", sized(HEX + b';a=b;c="d e";f')),
    ("trailers", trailed(b"A: b\r\nC: d\r\n")),
    ("many headers, but not too many", post(ADD, LENGTH, *["A: b"] * 90)),
]

SPECIAL = [
    *(
        bytes([byte])
        for byte in b'\r\n\t \0\x0b\x0c\x1c\x7f\x80\x85\xa0\xff:;,+-_.0123456789afx"\\/'
    ),
    b"\r\n",
    b"\n\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"0x",
    b"chunked",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Host: y\r\n",
    b"HTTP/1.0",
    b"0\r\n\r\n",
]


def mutated(rng: random.Random, request: bytes) -> bytes:
    """A request that a few bytes or lines make another."""
    data = bytearray(request)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            data[at:at] = rng.choice(SPECIAL)
        elif kind == 1:
            del data[at : at + rng.randint(1, 3)]
        elif kind == 2:
            data[at : at + 1] = rng.choice(SPECIAL)
        else:
            # Whole lines: left out, said twice, put elsewhere.
            lines = data.split(b"\r\n")
            line = rng.randrange(len(lines))
            if kind == 3:
                del lines[line]
            elif kind == 4:
                lines.insert(rng.randrange(len(lines) + 1), lines[line])
            else:
                lines[line] = rng.choice([lines[line].swapcase(), lines[line] + b" ", b""])
            data = bytearray(b"\r\n".join(lines))
    return bytes(data)
