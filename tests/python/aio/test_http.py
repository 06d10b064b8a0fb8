"""Thrift over HTTP with asyncio: calls, headers, and requests and responses that go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from fastthrift.contrib.aio import http
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TApplicationException, TMessageType
from fastthrift.transport import TTransportException
from support.aio import PATIENCE, PROTOCOLS, Authority, Calls, Handler, aio_factories, module, run
from support.rpc import i32_result, message

CALL = message("add", 7, b"\x08\0\1\0\0\0\2\x08\0\2\0\0\0\3\0", TMessageType.CALL)


@contextlib.asynccontextmanager
async def serving(handler=None, protocol="binary", **kwargs):
    """A started HTTP server of `Calls`; gives it with its port."""
    factory = aio_factories(protocol, "buffered")["proto_factory"]
    server = http.make_server(
        Calls, handler or Handler(), "127.0.0.1", 0, proto_factory=factory, **kwargs
    )
    await server.start()
    try:
        yield server, server.addresses[0][1]
    finally:
        await server.close()


def client_of(port, protocol="binary", **kwargs):
    factory = aio_factories(protocol, "buffered")["proto_factory"]
    kwargs.setdefault("timeout", PATIENCE * 1000)
    return http.client_context(Calls, "127.0.0.1", port, proto_factory=factory, **kwargs)


@contextlib.asynccontextmanager
async def answering(respond):
    """An HTTP server that is no Thrift server; gives its port."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", respond)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_calls(protocol):
    async def main():
        async with serving(protocol=protocol) as (_, port), client_of(port, protocol) as client:
            assert await client.add(1, 2) == 3
            assert await client.counted(3) == {"0": 0, "1": 1, "2": 2}
            assert await client.nothing() is None
            assert await client.note("noted") is None
            assert await client.notes() == ["noted"]
            with pytest.raises(module.Refused):
                await client.check(2)
            texts = [str(number) for number in range(50)]
            assert await asyncio.gather(*map(client.echo, texts)) == texts

    run(main())


@pytest.mark.difference("aio-http-errors")
def test_ten_mebibytes():
    async def main():
        async with serving() as (_, port), client_of(port) as client:
            data = bytes(range(256)) * 4096 * 10
            assert await client.blob(data) == data

    run(main())


def test_connection_is_kept_by_the_server():
    async def main():
        async with serving() as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(3):
                length = str(len(CALL)).encode()
                writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length)
                writer.write(b"\r\n\r\n" + CALL)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 OK\r\n")
                answer = message("add", 7, i32_result(5))
                assert f"\r\nContent-Length: {len(answer)}\r\n".encode() in head
                assert b"\r\nContent-Type: application/x-thrift\r\n" in head
                assert await reader.readexactly(len(answer)) == answer
            writer.close()

    run(main())


def test_connection_is_kept_by_the_client():
    peers = set()

    async def respond(request):
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(body=message("nothing", next(numbers), b"\0"))

    numbers = itertools.count(1)

    async def main():
        async with answering(respond) as port, client_of(port) as client:
            for _ in range(5):
                assert await client.nothing() is None

    run(main())
    assert len(peers) == 1


@pytest.mark.difference("aio-http-errors")
def test_undeclared_exception_is_answered(caplog):
    async def main():
        async with serving() as (_, port), client_of(port) as client:
            for _ in range(2):
                with pytest.raises(TApplicationException) as error:
                    await client.fail("the password")
                assert error.value.type == TApplicationException.INTERNAL_ERROR
                assert "password" not in str(error.value)
            assert await client.add(1, 2) == 3

    run(main())
    assert "Error processing fail" in caplog.text


def test_requests_that_are_no_calls(caplog):
    async def main():
        async with serving() as (_, port), aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{port}/any/path"
            for data in (b"", b"hello", CALL[:5]):
                async with session.post(url, data=data) as response:
                    assert response.status == 400
            async with session.get(url) as response:
                assert response.status == 405
                assert response.headers["Allow"] == "POST"
            async with session.post(url, data=CALL) as response:
                assert response.status == 200
                assert response.content_type == "application/x-thrift"
                assert int(response.headers["Content-Length"]) == len(await response.read())

    run(main())


def test_headers_and_paths():
    requests = []

    async def respond(request):
        requests.append(request)
        return web.Response(body=message("add", 1, b"\x08\0\0\0\0\0\5\0"))

    async def main():
        async with answering(respond) as port:
            factory = http.TAsyncHttpHeaderFactory({"X-Token": "secret", "User-Agent": "Me"})
            async with client_of(port, path="in/there", http_header_factory=factory) as client:
                assert await client.add(2, 3) == 5
            async with client_of(0, url=f"http://127.0.0.1:{port}/url?with=query") as client:
                client._oprot.trans.set_custom_headers({"X-Other": "1"})
                assert await client.add(2, 3) == 5

    run(main())
    first, second = requests
    assert (first.path, first.headers["X-Token"], first.headers["User-Agent"]) == (
        "/in/there",
        "secret",
        "Me",
    )
    assert first.headers["Content-Type"] == "application/x-thrift"
    assert second.path_qs == "/url?with=query"
    assert second.headers["X-Other"] == "1"
    assert second.headers["User-Agent"] == "Python/TAsyncHttpClient"
    assert http.TAsyncHttpHeaderFactory().get_headers() == {}


def test_response_of_another_status_does_not_spoil_the_next_call():
    statuses = [502, 500, 200]

    async def respond(request):
        status = statuses.pop(0)
        if status == 200:
            return web.Response(body=message("add", 3, b"\x08\0\0\0\0\0\5\0"))
        return web.Response(status=status, text="<html>a page</html>")

    async def main():
        async with answering(respond) as port, client_of(port) as client:
            for status in (502, 500):
                with pytest.raises(TTransportException, match=f"/ answered {status} "):
                    await client.add(2, 3)
                assert client._iprot.trans.code == status
            assert await client.add(2, 3) == 5

    run(main())


def test_response_that_is_no_thrift_or_breaks_off():
    bodies = [b"hello, world", message("add", 2, b"\x08\0"), b"", message("add", 9, b"\0")]

    async def respond(request):
        return web.Response(body=bodies.pop(0))

    async def main():
        async with answering(respond) as port, client_of(port) as client:
            with pytest.raises(TProtocolException):
                await client.add(2, 3)
            for _ in range(2):
                with pytest.raises(TTransportException) as error:
                    await client.add(2, 3)
                assert error.value.type == TTransportException.END_OF_FILE
            with pytest.raises(TApplicationException) as error:
                await client.add(2, 3)
            assert error.value.type == TApplicationException.BAD_SEQUENCE_ID

    run(main())


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (200, {"Content-Type": "text/html"}, b"<html>secret", "200 OK with Content-Type text/html"),
        (200, {"Content-Type": "application/json"}, b"{}", "Content-Type application/json and 2 b"),
        (200, {"Content-Type": "text/html"}, b"", "answered 200 OK with an empty body"),
        (204, {}, b"", "answered 204 No Content with an empty body"),
        (
            503,
            {"Content-Type": "text/html"},
            b"<",
            "answered 503 Service Unavailable, with Content-Type te",
        ),
        (
            503,
            {"Content-Type": "application/problem+json"},
            b'{"detail": "secret"}',
            "answered 503 Service Unavailable, with Content-Type application/problem+json",
        ),
    ],
)
def test_response_that_is_no_thrift_is_told_by_its_type(status, headers, body, expected):
    async def respond(request):
        return web.Response(status=status, body=body, headers=headers)

    async def main():
        url = "/there?token=hidden"
        async with answering(respond) as port, client_of(port, path=url) as client:
            with pytest.raises((TTransportException, TProtocolException)) as error:
                await client.add(2, 3)
            assert expected in str(error.value)
            assert "hidden" not in str(error.value)
            assert "secret" not in str(error.value)
            if status == 503:
                assert error.value.status == 503
            else:
                assert f"http://127.0.0.1:{port}/there answered" in str(error.value)

    run(main())


def test_a_page_is_no_answer_to_a_oneway_call():
    pages = [
        ({"Content-Type": "text/html"}, b"<html>log in"),
        ({"Content-Type": "application/json"}, b'{"error": "secret"}'),
        ({"Content-Type": "text/html"}, b""),
    ]

    async def respond(request):
        headers, body = pages.pop(0)
        return web.Response(body=body, headers=headers)

    async def main():
        async with answering(respond) as port, client_of(port) as client:
            for expected in ("text/html and 12 bytes", "application/json and 19 bytes"):
                with pytest.raises(
                    TTransportException, match=f"{expected}, which is a page"
                ) as error:
                    await client.note("a note")
                assert error.value.status == 200
            assert await client.note("a note") is None

    run(main())


@pytest.mark.difference("aio-http-redirects")
@pytest.mark.parametrize("status", [301, 302, 303])
def test_redirection_that_loses_the_call(status):
    async def respond(request):
        if request.path == "/there":
            return web.Response(body=message("add", 1, i32_result(5)))
        return web.Response(status=status, headers={"Location": "/there?token=hidden"})

    async def main():
        async with answering(respond) as port, client_of(port) as client:
            with pytest.raises(TTransportException) as error:
                await client.add(2, 3)
            assert error.value.status == status
            assert "and redirects to /there (Calls.add(" in str(error.value)

    run(main())


@pytest.mark.parametrize("status", [307, 308])
def test_redirection_that_keeps_the_call(status):
    methods = []

    async def respond(request):
        methods.append(request.method)
        if request.path == "/there":
            return web.Response(body=message("add", 1, i32_result(5)))
        return web.Response(status=status, headers={"Location": "/there"})

    async def main():
        async with answering(respond) as port, client_of(port) as client:
            assert await client.add(2, 3) == 5

    run(main())
    assert methods == ["POST", "POST"]


def test_timeout_and_cancellation_do_not_poison_the_next_call():
    async def main():
        async with serving() as (_, port), client_of(port, timeout=700) as client:
            with pytest.raises(asyncio.TimeoutError) as error:
                await client.slowly(1, 1500)
            assert isinstance(error.value, TTransportException)
            assert error.value.type == TTransportException.TIMED_OUT
            client._iprot.trans.set_timeout(PATIENCE * 1000)
            assert await client.add(1, 2) == 3
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.slowly(2, 1000), 0.05)
            assert await client.add(3, 4) == 7

    run(main())


@pytest.mark.difference("aio-http-errors")
def test_nobody_listens():
    async def main():
        async with serving() as (_, port):
            pass
        async with client_of(port) as client:
            with pytest.raises(TTransportException) as error:
                await client.add(1, 2)
            assert error.value.type == TTransportException.NOT_OPEN
            assert isinstance(error.value, aiohttp.ClientError)

    run(main())


def test_close_finishes_requests():
    handler = Handler()

    async def main():
        async with serving(handler) as (server, port), client_of(port) as client:
            call = asyncio.create_task(client.wait(5))
            await handler.waiting.wait()
            closing = asyncio.create_task(server.close())
            await asyncio.sleep(0.05)
            handler.go_on.set()
            assert await call == 5
            await closing

    run(main())


def test_serve_ends_with_close():
    async def main():
        server = http.make_server(Calls, Handler(), "127.0.0.1", 0)
        await server.start()
        serving_task = asyncio.create_task(server.serve())
        async with client_of(server.addresses[0][1]) as client:
            assert await client.add(1, 2) == 3
        await server.close()
        await serving_task
        assert server.addresses == []
        await server.close()

    run(main())


def test_close_from_a_handler():
    class Closing(Handler):
        async def nothing(self):
            await self.server.close()

    async def main():
        handler = Closing()
        handler.server = server = http.make_server(Calls, handler, "127.0.0.1", 0)
        await server.start()
        serving_task = asyncio.create_task(server.serve())
        async with client_of(server.addresses[0][1]) as client:
            assert await client.nothing() is None
        await serving_task

    run(main())


def test_serve_ends_when_cancelled():
    async def main():
        server = http.make_server(Calls, Handler(), "127.0.0.1", 0)
        serving_task = asyncio.create_task(server.serve())
        while not server.addresses:
            await asyncio.sleep(0.01)
        serving_task.cancel()
        await serving_task
        assert server.addresses == []

    run(main())


def test_encrypted(tmp_path):
    authority = Authority(tmp_path, "127.0.0.1")

    async def main():
        async with (
            serving(ssl_context=authority.server_context()) as (_, port),
            client_of(port, scheme="https", ssl_context=authority.client_context()) as client,
        ):
            assert await client.add(1, 2) == 3
            async with client_of(port, scheme="https") as stranger:
                with pytest.raises(TTransportException):
                    await stranger.add(1, 2)

    run(main())


def test_closed_without_waiting():
    async def main():
        async with serving() as (_, port):
            client = await http.make_client(Calls, url=f"http://127.0.0.1:{port}")
            assert await client.add(1, 2) == 3
            client.close()
            assert not client._iprot.trans.is_open()
            client.close()

    run(main())


def test_memory_buffer():
    async def main():
        memory = http.TAsyncMemoryBuffer(b"abc")
        await memory.open()
        assert memory.is_open()
        assert await memory.read(2) == b"ab"
        memory.write(b"de")
        await memory.flush()
        assert memory.getvalue() == b"cde"
        memory.setvalue(b"xyz")
        assert await memory.read(3) == b"xyz"
        with pytest.raises(TTransportException):
            await memory.read(1)
        memory.close()

    run(main())


def test_missing_aiohttp_names_the_extra():
    program = """
import sys
sys.modules["aiohttp"] = None
from fastthrift.contrib.aio import http
assert http.TAsyncHttpHeaderFactory({"a": "b"}).get_headers() == {"a": "b"}
import asyncio
try:
    asyncio.run(http.make_client(None))
except ImportError as error:
    print(error)
"""
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert 'pip install "fastthrift[aio-http]"' in output


def test_the_server_needs_no_aiohttp():
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
sys.modules["aiohttp"] = None
from support.http import calls, serving
with serving("asyncio") as port, calls(port, keep_alive=True) as client:
    print(client.add(1, 2), client.echo("x"))
"""
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output == "3 x\n"
