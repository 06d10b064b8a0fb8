"""The reader of HTTP requests against h11: what it takes, h11 reads as it does, byte for byte."""

from __future__ import annotations

import contextlib
import random

import h11
import pytest
from fastthrift.http._request import BadRequest, RequestReader
from support.http_requests import ACCEPTED, CHUNKED, GOOD, REFUSED, SMUGGLED, mutated, post

LARGEST_BODY = 1 << 20
CASES = 8_000
# What readers have been known to treat in different ways.
TOKEN = "!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz"


def read_by_ours(pieces):
    """The requests in a stream of bytes, and what ended it: None or a status and a reason."""
    reader = RequestReader(LARGEST_BODY)
    requests = []
    head = None
    try:
        for piece in pieces:
            reader.feed(piece)
            while (head := head or reader.head()) and (body := reader.body()) is not None:
                requests.append((head, body))
                head = None
    except BadRequest as error:
        return requests, (error.status, error.reason)
    return requests, None


def read_by_h11(data):
    """The requests in a stream of bytes, until h11 refuses one or needs more bytes."""
    requests = []
    while True:
        # It takes no empty line before a request, which RFC 9112 allows.
        data = data.removeprefix(b"\r\n")
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_BODY)
        connection.receive_data(data)
        head, body = None, b""
        while True:
            try:
                event = connection.next_event()
            except h11.RemoteProtocolError:
                return requests
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return requests
        requests.append((head, body))
        data = connection.trailing_data[0]


def in_common_form(request):
    head, body = request
    if isinstance(head, h11.Request):
        version = head.http_version.decode()
        headers = [
            (name.decode(), value.decode("latin-1")) for name, value in head.headers.raw_items()
        ]
        method, target = head.method.decode(), head.target.decode()
    else:
        version = f"1.{head.minor_version}"
        method, target, headers = head.method, head.target, head.headers
    # h11 makes it small.
    headers = [(name, v.lower() if v.lower() == "chunked" else v) for name, v in headers]
    return method, target, version, headers, body


def generated(rng):
    """A request that nobody can misunderstand."""
    body = rng.randbytes(rng.choice([0, 1, 5, 30, 300]))
    names = ["".join(rng.choices(TOKEN, k=rng.randint(1, 12))) for _ in range(rng.randint(0, 5))]
    value = bytes([*range(0x21, 0x7F), *range(0x80, 0x100)]).decode("latin-1")
    headers = [
        f"{name}:{rng.choice(['', ' ', chr(9), '  '])}{''.join(rng.choices(value, k=5))}"
        for name in names
    ]
    if rng.random() < 0.5:
        headers.append(f"Content-Length: {len(body)}")
    else:
        headers.append(CHUNKED)
        wire = b""
        while body:
            size = rng.randint(1, len(body))
            extension = rng.choice([b"", b"", b";a", b';a="b c"', b";a=b;c"])
            digits = b"%x" % size if rng.random() < 0.5 else b"%04X" % size
            wire += digits + extension + b"\r\n" + body[:size] + b"\r\n"
            body = body[size:]
        body = wire + b"0\r\n" + rng.choice([b"", b"", b"A: b\r\n"]) + b"\r\n"
    rng.shuffle(headers)
    return post(body, *headers, host=rng.choice(["Host: x", "Host: [::1]:80", "host:x:80"]))


def cut(rng, data):
    at = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randint(0, 6)))
    return [data[start:end] for start, end in zip([0, *at], [*at, len(data)], strict=True)]


def test_what_is_taken_is_read_as_by_h11():
    rng = random.Random(9112)
    known = [*(case[1] for case in REFUSED), *(case[1] for case in ACCEPTED)]
    seeds = [case for case in known if len(case) < 5000]
    taken = refused = 0
    for number in range(CASES):
        request = generated(rng) if rng.random() < 0.5 else rng.choice(seeds)
        if number % 10:
            request = mutated(rng, request)
        data = request + SMUGGLED
        ours, end = read_by_ours(cut(rng, data))
        theirs = read_by_h11(data)
        assert len(ours) <= len(theirs), data
        for one, other in zip(ours, theirs, strict=False):
            assert in_common_form(one) == in_common_form(other), data
        taken += len(ours)
        refused += end is not None
    # The one as well as the other is tried.
    assert taken > CASES / 4
    assert refused > CASES / 4


def test_every_line_that_is_taken_ends_as_lines_do():
    """h11 takes line feeds alone, other readers carriage returns."""
    rng = random.Random(2234)
    taken = 0
    for _ in range(CASES):
        data = mutated(rng, generated(rng))
        reader = RequestReader(LARGEST_BODY)
        reader.feed(data)
        with contextlib.suppress(BadRequest):
            if reader.head() is not None:
                lines = data[: len(data) - len(reader._buffer)].replace(b"\r\n", b"")
                assert b"\r" not in lines, data
                assert b"\n" not in lines, data
                taken += 1
    assert taken > CASES / 4


def test_what_nobody_can_misunderstand_is_taken():
    rng = random.Random(7230)
    for _ in range(1000):
        data = generated(rng)
        ours, end = read_by_ours([data])
        assert end is None, data
        assert [in_common_form(request) for request in ours] == [
            in_common_form(request) for request in read_by_h11(data)
        ]


@pytest.mark.parametrize(
    "data",
    [case[1] for case in (*REFUSED, *ACCEPTED)],
    ids=[case[0] for case in (*REFUSED, *ACCEPTED)],
)
def test_the_pieces_in_which_bytes_come_change_nothing(data):
    rng = random.Random(1)
    data += GOOD
    whole = read_by_ours([data])
    assert read_by_ours([data[at : at + 1] for at in range(len(data))]) == whole
    for _ in range(20):
        assert read_by_ours(cut(rng, data)) == whole


def test_what_was_refused_stays_refused():
    reader = RequestReader(LARGEST_BODY)
    reader.feed(b"GET / HTTP/1.1\nHost: x\n\n" + GOOD)
    for _ in range(3):
        with pytest.raises(BadRequest):
            reader.head()
        reader.feed(GOOD)


def test_memory_follows_the_bytes_that_arrived():
    reader = RequestReader(1 << 40)
    reader.feed(post(b"", "Content-Length: 1000000000000"))
    assert reader.head() is not None
    assert reader.body() is None
    reader.feed(b"x")
    assert reader.body() is None


@pytest.mark.parametrize("piece", [b"a", b"A: b\r\n", b"1;x\r\nA\r\n"])
def test_time_follows_the_bytes_that_arrived(piece):
    """A line without an end, headers and chunks without an end: each is given up."""
    start = GOOD[:-40] if piece == b"A: b\r\n" else b"POST /"
    if piece.startswith(b"1"):
        start = post(b"", CHUNKED)
    _, end = read_by_ours([start, *[piece] * 200_000])
    if piece.startswith(b"1"):
        assert end == (400, "the extensions of chunks are too long")
    else:
        assert end is not None
        assert end[0] in (414, 431)
