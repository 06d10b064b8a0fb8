"""What a call over HTTP that has no answer raises: the same for the client that blocks and the one
of asyncio, which raises classes that callers of aiohttp expect, too."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import fastthrift
import pytest
from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocol
from fastthrift.http import THttpClient, THttpConnectionRefused, THttpException
from fastthrift.protocol import TBinaryProtocol
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TClient
from fastthrift.transport.base import (
    DeadlineExceeded,
    TTransportConnectionReset,
    TTransportException,
    TTransportTimeout,
)
from support.aio import Authority
from support.rpc import PATIENCE, Calls, scripted_peer
from support.sockets import nobody, silence

LONG = PATIENCE * 1000


def call_blocking(url: str, timeout: float, **options: Any) -> BaseException:
    """What a call raises."""
    transport = THttpClient(url, timeout, **options)
    client: Any = TClient(Calls, TBinaryProtocol(transport))
    with (
        contextlib.closing(client),
        pytest.raises((TTransportException, TProtocolException)) as caught,
    ):
        client.add(1, 2)
    return caught.value


def call_with_asyncio(url: str, timeout: float, **options: Any) -> BaseException:
    async def main() -> BaseException:
        transport = aio_http.TAsyncHttpClient(url, timeout, **options)
        client: Any = TAsyncClient(Calls, TAsyncBinaryProtocol(transport))
        with pytest.raises((TTransportException, TProtocolException)) as caught:
            await client.add(1, 2)
        await transport.aclose()
        return caught.value

    return asyncio.run(main())


def read_request(connection: Any) -> None:
    # The head, and the message behind it.
    data = b""
    while b"\r\n\r\n" not in data or not data.endswith(b"\0"):
        data += connection.recv(65536)


def answering(*parts: str, body: bytes = b"") -> Callable[[Any], None]:
    """A server that answers this, and closes the connection."""
    head = "\r\n".join(["HTTP/1.1 " + parts[0], f"Content-Length: {len(body)}", *parts[1:]])

    def script(connection: Any) -> None:
        read_request(connection)
        connection.sendall(head.encode() + b"\r\n\r\n" + body)

    return script


def ending(data: bytes, *, resets: bool) -> Callable[[Any], None]:
    """A server that sends something, and ends the connection, or breaks it off."""

    def script(connection: Any) -> None:
        read_request(connection)
        if data:
            connection.sendall(data)
        if resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


def silent(connection: Any) -> None:
    read_request(connection)
    # Until the client leaves.
    assert connection.recv(1) == b""


BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"
WHERE = "http://127.0.0.1:PORT/in"

# What a server does; the class, type and status of the exception, and its text.
SITUATIONS: dict[str, tuple[Callable[[Any], None], type, int, int | None, str]] = {
    "a status of failure": (
        answering("500 Internal Server Error", "Content-Type: text/html", body=b"<p>"),
        THttpException,
        TTransportException.UNKNOWN,
        500,
        "answered 500 Internal Server Error, with Content-Type text/html",
    ),
    "a page": (
        answering("200 OK", "Content-Type: text/html", body=b"<p>"),
        THttpException,
        TTransportException.UNKNOWN,
        200,
        "answered 200 OK with Content-Type text/html and 3 bytes, which is a page and no Thrift "
        "message",
    ),
    "an encoding that nobody asked for": (
        answering("200 OK", "Content-Encoding: zebra", body=b"<p>"),
        THttpException,
        TTransportException.UNKNOWN,
        200,
        "answered in an encoding that was not asked for: zebra",
    ),
    "a body that is too long": (
        answering("200 OK", body=b"x" * 1001),
        THttpException,
        TTransportException.UNKNOWN,
        200,
        "answered with a body that exceeds the limit of 1000 bytes (max_message_size)",
    ),
    "no answer": (
        ending(b"", resets=False),
        TTransportConnectionReset,
        TTransportException.END_OF_FILE,
        None,
        "closed the connection without an answer; does the server speak HTTP?",
    ),
    "a reset": (
        ending(b"", resets=True),
        TTransportConnectionReset,
        TTransportException.END_OF_FILE,
        None,
        "closed the connection without an answer; does the server speak HTTP?",
    ),
}

# Those whose text does not begin with whom was asked.
OTHERS: dict[str, tuple[Callable[[Any], None], type, int, int | None, str]] = {
    "half an answer": (
        ending(BEGUN, resets=False),
        THttpException,
        TTransportException.END_OF_FILE,
        None,
        f"The response of {WHERE} ends too early",
    ),
    "half an answer, and a reset": (
        ending(BEGUN, resets=True),
        THttpException,
        TTransportException.END_OF_FILE,
        None,
        f"The response of {WHERE} ends too early",
    ),
    "silence": (
        silent,
        TTransportTimeout,
        TTransportException.TIMED_OUT,
        None,
        f"timed out: no answer of {WHERE} in time",
    ),
}

BOTH = pytest.mark.parametrize("call", [call_blocking, call_with_asyncio])


def told(error: Any, port: int | str) -> str:
    """The text, without what is added of the call."""
    text: str = error.message.replace(f":{port}/", ":PORT/")
    assert "hidden" not in text
    return text.partition(" (Calls.add(")[0]


@BOTH
@pytest.mark.parametrize("kind", [*SITUATIONS, *OTHERS])
def test_both_clients_raise_the_same(kind: str, call: Callable[..., Any]) -> None:
    script, cls, number, status, text = SITUATIONS.get(kind) or OTHERS[kind]
    if kind in SITUATIONS:
        text = f"{WHERE} {text}"
    timeout = 200 if script is silent else LONG
    with scripted_peer(script) as port:
        url = f"http://127.0.0.1:{port}/in?token=hidden"
        error = call(url, timeout, max_message_size=1000)
    assert isinstance(error, cls)
    assert (error.type, getattr(error, "status", None)) == (number, status)
    assert told(error, port) == text
    assert error.request_sent is True


@BOTH
@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_answers_before_the_answer_are_passed_over(status: str, call: Callable[..., Any]) -> None:
    before = f"HTTP/1.1 {status}\r\nLink: </style.css>\r\n\r\n".encode()

    def script(connection: Any) -> None:
        read_request(connection)
        for _ in range(2):
            connection.sendall(before)
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    with scripted_peer(script) as port:
        assert call(f"http://127.0.0.1:{port}/", LONG).status == 404


@BOTH
def test_an_answer_may_be_as_long_as_the_limit(call: Callable[..., Any]) -> None:
    with scripted_peer(answering("200 OK", body=b"x" * 1000)) as port:
        error = call(f"http://127.0.0.1:{port}/", LONG, max_message_size=1000)
    # It is taken, and is no message.
    assert "limit" not in str(error)


@BOTH
def test_nobody_listens(call: Callable[..., Any]) -> None:
    with nobody() as port:
        error = call(f"http://127.0.0.1:{port}/in", LONG)
    assert isinstance(error, THttpConnectionRefused)
    assert isinstance(error, ConnectionRefusedError)
    assert error.type == TTransportException.NOT_OPEN
    assert error.request_sent is False
    assert told(error, port) == f"Could not connect to {WHERE}: Connection refused"


@BOTH
def test_nobody_takes_the_connection(call: Callable[..., Any]) -> None:
    with silence() as port:
        error = call(f"http://127.0.0.1:{port}/in", 100)
    assert isinstance(error, TTransportTimeout)
    assert error.type == TTransportException.NOT_OPEN
    assert error.request_sent is False
    assert told(error, port) == f"Could not connect to {WHERE}: timed out"


@BOTH
def test_the_deadline_is_over_while_the_answer_is_waited_for(call: Callable[..., Any]) -> None:
    with scripted_peer(silent) as port, fastthrift.deadline(0.2):
        error = call(f"http://127.0.0.1:{port}/in", LONG)
    assert isinstance(error, DeadlineExceeded)
    assert error.type == TTransportException.TIMED_OUT
    assert told(error, port) == f"the deadline is over: no answer of {WHERE} in time"


@BOTH
def test_the_deadline_is_over_before_there_is_a_connection(call: Callable[..., Any]) -> None:
    with silence() as port, fastthrift.deadline(0.1):
        error = call(f"http://127.0.0.1:{port}/in", LONG)
    assert isinstance(error, DeadlineExceeded)
    assert error.type == TTransportException.NOT_OPEN
    assert told(error, port) == f"Could not connect to {WHERE}: the deadline is over"


@BOTH
@pytest.mark.parametrize("host", ["host.invalid", "a..b"])
def test_a_host_that_is_none(host: str, call: Callable[..., Any]) -> None:
    error = call(f"http://{host}:1/in", LONG)
    assert isinstance(error, THttpException)
    assert error.type == TTransportException.NOT_OPEN
    with pytest.raises((socket.gaierror, UnicodeError)) as system:
        socket.getaddrinfo(host, 1)
    why = getattr(system.value, "strerror", None) or f"not a host name: {system.value}"
    assert told(error, 1) == f"Could not connect to http://{host}:PORT/in: {why}"


@BOTH
def test_what_the_system_says_is_told_in_its_words(call: Callable[..., Any]) -> None:
    error = call("http://255.255.255.255:1/in", LONG)
    assert isinstance(error, THttpException)
    assert error.type == TTransportException.NOT_OPEN
    where = "http://255.255.255.255:PORT/in"
    assert told(error, 1) in (
        f"Could not connect to {where}: {why}"
        for why in ("Network is unreachable", "No route to host", "Permission denied")
    )


def test_a_redirection_to_where_nobody_listens() -> None:
    """The server that was asked has not made the call, and the other one was not reached."""
    with nobody() as other:
        there = f"Location: http://127.0.0.1:{other}/in"
        with scripted_peer(answering("307 Temporary Redirect", there)) as port:
            error: Any = call_with_asyncio(f"http://127.0.0.1:{port}/in", LONG)
    assert isinstance(error, THttpConnectionRefused)
    assert error.request_sent is False


@BOTH
def test_what_is_no_http(call: Callable[..., Any]) -> None:
    with scripted_peer(ending(b"\x80\x01\0\2\0\0\0\3add\0\0\0\1\0", resets=False)) as port:
        error = call(f"http://127.0.0.1:{port}/in", LONG)
    assert isinstance(error, THttpException)
    assert error.type == TTransportException.UNKNOWN
    # What comes then is told as each library sees it.
    assert told(error, port).startswith(f"{WHERE} does not answer with HTTP: ")


@contextlib.contextmanager
def without_tls(answer: bytes) -> Iterator[int]:
    def script(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with scripted_peer(script) as port:
        yield port


@BOTH
def test_no_tls(call: Callable[..., Any]) -> None:
    with without_tls(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as port:
        error = call(f"https://127.0.0.1:{port}/in", LONG)
    assert isinstance(error, THttpException)
    assert error.type == TTransportException.NOT_OPEN
    text = told(error, port)
    assert text.startswith("Could not connect to https://127.0.0.1:PORT/in: ")
    assert text.endswith("; does the server speak TLS?")


@BOTH
def test_a_handshake_that_nobody_answers(call: Callable[..., Any]) -> None:
    def script(connection: Any) -> None:
        while connection.recv(65536):
            pass

    with scripted_peer(script) as port:
        error = call(f"https://127.0.0.1:{port}/in", 200)
    assert isinstance(error, TTransportTimeout)
    assert error.type == TTransportException.NOT_OPEN
    assert error.request_sent is False
    assert told(error, port) == f"Could not connect to {WHERE.replace('http', 'https')}: timed out"


@BOTH
def test_a_certificate_that_is_not_trusted(call: Callable[..., Any], tmp_path: Any) -> None:
    context = Authority(tmp_path, "127.0.0.1").server_context()

    def script(connection: Any) -> None:
        with pytest.raises(OSError, match=r"SSL|reset"):
            context.wrap_socket(connection, server_side=True)

    with scripted_peer(script) as port:
        error = call(f"https://127.0.0.1:{port}/in", LONG)
    assert isinstance(error, THttpException)
    assert error.type == TTransportException.NOT_OPEN
    where = WHERE.replace("http", "https")
    assert told(error, port).startswith(f"Could not connect to {where}: certificate verify failed:")


# What callers of thriftpy2 catch


@pytest.mark.difference("aio-http-errors")
def test_exceptions_of_asyncio_are_those_of_aiohttp_too() -> None:
    with nobody() as port:
        refused = call_with_asyncio(f"http://127.0.0.1:{port}/", LONG)
    with scripted_peer(ending(b"", resets=False), ending(BEGUN, resets=False)) as port:
        closed, cut = (call_with_asyncio(f"http://127.0.0.1:{port}/", LONG) for _ in range(2))
    with scripted_peer(silent) as port:
        late = call_with_asyncio(f"http://127.0.0.1:{port}/", 200)
    for error in (refused, closed, cut):
        assert isinstance(error, aiohttp.ClientError)
        assert isinstance(error, aio_http.THttpClientError)
    assert isinstance(refused, aio_http.THttpClientRefused)
    assert isinstance(closed, aio_http.THttpClientReset)
    assert isinstance(late, asyncio.TimeoutError)
