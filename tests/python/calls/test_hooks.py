"""What hooks, middleware and handlers are told of calls, on both sides."""

import asyncio
import contextlib
import io
import logging
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import fastthrift
import pytest
from fastthrift import ClientPool, current_call, hooks
from fastthrift.contrib.aio.http import make_server as make_aio_http_server
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.contrib.aio.processor import TAsyncProcessor
from fastthrift.contrib.aio.rpc import make_client as make_aio_client
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from fastthrift.http import make_client as make_http_client
from fastthrift.http import make_server as make_http_server
from fastthrift.protocol import TBinaryProtocol
from fastthrift.server import TNonblockingServer, TSimpleServer, TThreadedServer
from fastthrift.thrift import TApplicationException, TClient, TMultiplexedProcessor, TProcessor
from fastthrift.transport import TMemoryBuffer, TServerSocket, TTransportException
from support import rpc
from support.rpc import Calls, Handler, client_of, make_server, serving

#: Much more than anything here takes.
LONG = 60

TESTS = Path(__file__).parent.parent


class Told:
    """What hooks were told."""

    def __init__(self):
        self.client, self.server = [], []

    @contextlib.contextmanager
    def listening(self):
        added = {"client": self.client.append, "server": self.server.append}
        hooks.add(**added)
        try:
            yield self
        finally:
            hooks.remove(**added)

    def of_server(self, count=1):
        """What the server has told, which may come after its answer."""
        end = time.monotonic() + LONG
        while len(self.server) < count:
            assert time.monotonic() < end
            time.sleep(0.005)
        return self.server


@pytest.fixture
def told():
    with Told().listening() as told:
        yield told


@pytest.fixture
def port():
    with serving(make_server()) as port:
        yield port


def test_both_sides_are_told_of_a_call(told, port):
    with client_of(port) as client:
        assert client.add(1, b=2) == 3
        assert client.echo("two") == "two"
        told.of_server(2)
    for side, calls in (("client", told.client), ("server", told.server)):
        assert [call.method for call in calls] == ["add", "echo"]
        first, second = calls
        assert first.side == side
        assert first.service is Calls
        assert first.name == "Calls.add"
        assert first.arguments == {"a": 1, "b": 2}
        assert (first.outcome, first.error, first.retries) == ("success", None, 0)
        assert 0 < first.seconds < LONG
        assert second.arguments == {"text": "two"}
    client_call, server_call = told.client[1], told.server[1]
    assert client_call.peer == f"127.0.0.1:{port}"
    assert server_call.peer.startswith("127.0.0.1:")
    assert server_call.peer != client_call.peer
    # A message of the binary protocol: version, name, sequence id, a struct of one text.
    assert client_call.bytes_out == server_call.bytes_in == 4 + 8 + 4 + 3 + 4 + 3 + 1
    assert client_call.bytes_in == server_call.bytes_out == 4 + 8 + 4 + 3 + 4 + 3 + 1


@pytest.mark.parametrize(
    ("call", "outcomes", "errors"),
    [
        (lambda client: client.check(1), ("exception", "exception"), ("NotFound", "NotFound")),
        (
            lambda client: client.fail("x"),
            ("error", "error"),
            ("TApplicationException", "KeyError"),
        ),
        (
            lambda client: client.returns_text(),
            ("error", "error"),
            ("TApplicationException", "TypeError"),
        ),
    ],
)
def test_what_became_of_a_call(told, port, call, outcomes, errors):
    kinds = rpc.module.NotFound, TApplicationException
    with client_of(port) as client, pytest.raises(kinds):
        call(client)
    (client_call,) = told.client
    (server_call,) = told.of_server()
    assert (client_call.outcome, server_call.outcome) == outcomes
    assert errors[0] in [base.__name__ for base in type(client_call.error).__mro__]
    if outcomes[1] == "exception" or errors[1] == "KeyError":
        assert type(server_call.error).__name__ == errors[1]
    assert server_call.error is not None


def test_a_method_that_the_server_does_not_have(told):
    other = fastthrift.load_fp(
        io.StringIO("service Calls { i32 multiply(1: i32 a) }"), "hooked_calls_thrift"
    )
    with serving(make_server()) as port:
        with client_of(port, service=other.Calls) as client, pytest.raises(TApplicationException):
            client.multiply(1)
        (call,) = told.of_server()
    assert (call.method, call.outcome) == ("multiply", "error")
    assert call.error.type == TApplicationException.UNKNOWN_METHOD


def test_what_is_no_call_is_not_told(told, port):
    import socket

    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"\x00" * 8)
        sock.recv(100)
    with client_of(port) as client:
        client.nothing()
    assert [call.method for call in told.of_server()] == ["nothing"]


@pytest.mark.parametrize("arguments", [b"\x08\0\1\0\0", b"\x63\0\1\0\0\0\0"])
@pytest.mark.parametrize("server_class", [TThreadedServer, TSimpleServer, TNonblockingServer])
def test_a_call_whose_arguments_cannot_be_read_is_not_told(told, server_class, arguments):
    """They end in the middle, with the connection, or are none."""
    import socket

    with serving(make_server(server_class=server_class)) as port:
        with socket.create_connection(("127.0.0.1", port), LONG) as sock:
            sock.sendall(b"\x80\1\0\1\0\0\0\3add\0\0\0\1" + arguments)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(100):
                pass
        with client_of(port) as client:
            client.nothing()
        assert [call.method for call in told.of_server()] == ["nothing"]


def test_oneway_calls_are_told_when_their_handler_returns(told):
    handler = Handler()
    with serving(make_server(handler)) as port, client_of(port) as client:
        client.note("x")
        (call,) = told.of_server()
    assert (call.method, call.outcome, call.bytes_out) == ("note", "success", 0)
    assert told.client[0].bytes_in == 0


def test_a_hook_that_raises_disturbs_nothing(port, caplog):
    seen = []

    def hook(call):
        seen.append(call.side)
        raise ValueError("the hook is broken")

    hooks.add(client=hook, server=hook)
    try:
        with client_of(port) as client:
            assert client.add(1, 2) == 3
            assert client.add(3, 4) == 7
    finally:
        hooks.remove(client=hook, server=hook)
    assert seen.count("client") == 2
    names = [record.name for record in caplog.records if record.exc_info]
    assert names.count("fastthrift.client") == 2
    assert "fastthrift.server" in names
    assert "Calls.add()" in caplog.text


async def hook_that_waits(call):
    pass


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: hooks.add(), TypeError, "client=function"),
        (lambda: hooks.add(client=1), TypeError, "a plain function"),
        (lambda: hooks.add(server=hook_that_waits), TypeError, "a plain function"),
        (lambda: hooks.remove(client=print), ValueError, "no such client hook"),
    ],
)
def test_what_is_no_hook(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_a_hook_may_be_there_twice(port):
    told = []
    hooks.add(client=told.append)
    hooks.add(client=told.append)
    hooks.remove(client=told.append)
    with client_of(port) as client:
        client.nothing()
    hooks.remove(client=told.append)
    assert len(told) == 1


# Middleware


def doubled(get_response):
    def answer(call):
        if call.method != "add":
            return get_response(call)
        call.args = tuple(2 * each for each in call.args)
        return get_response(call) + 1

    return answer


def named(name, seen):
    def middleware(get_response):
        def answer(call):
            seen.append(name)
            try:
                return get_response(call)
            finally:
                seen.append(f"/{name}")

        return answer

    return middleware


def test_middleware_stands_around_calls_the_first_outermost():
    seen = []
    client_side = [named("a", seen), named("b", seen)]
    server_side = [named("c", seen), named("d", seen)]
    server = make_server(processor=TProcessor(Calls, Handler(), middleware=server_side))
    with serving(server) as port, client_of(port, middleware=client_side) as client:
        assert client.add(1, 2) == 3
    assert seen == ["a", "b", "c", "d", "/d", "/c", "/b", "/a"]


@pytest.mark.parametrize("side", ["client", "server", "pool"])
def test_middleware_changes_arguments_and_results(side):
    server_side = [doubled] if side == "server" else []
    server = make_server(processor=TProcessor(Calls, Handler(), middleware=server_side))
    with serving(server) as port:
        if side == "pool":
            with ClientPool(Calls, f"tcp://127.0.0.1:{port}", middleware=[doubled]) as pool:
                assert pool.add(1, 2) == 7
                assert pool.with_options(timeout=30).add(1, 2) == 7
                with pool.client() as one:
                    assert one.add(1, 2) == 7
                    assert one.echo("x") == "x"
        else:
            client_side = [doubled] if side == "client" else []
            with client_of(port, middleware=client_side) as client:
                assert client.add(1, 2) == 7
                assert client.echo("x") == "x"


def refuse(get_response):
    def answer(call):
        if call.method == "check":
            raise rpc.module.NotFound(name="refused")
        raise RuntimeError("not today")

    return answer


def test_what_middleware_raises_is_the_calls(told):
    processor = TProcessor(Calls, Handler(), middleware=[refuse])
    with serving(make_server(processor=processor)) as port:
        with client_of(port) as client:
            with pytest.raises(rpc.module.NotFound, match="refused"):
                client.check(2)
            with pytest.raises(TApplicationException, match="Internal error"):
                client.add(1, 2)
        with client_of(port, middleware=[refuse]) as client, pytest.raises(RuntimeError):
            client.add(1, 2)
    assert [call.outcome for call in told.server] == ["exception", "error"]
    assert [call.outcome for call in told.client] == ["exception", "error", "error"]


def test_middleware_may_answer_without_a_call_or_call_again(told):
    def cached(get_response):
        known = {}

        def answer(call):
            key = call.method, call.args
            if key not in known:
                get_response(call)
                known[key] = get_response(call)
            return known[key]

        return answer

    handler = Handler()
    with serving(make_server(handler)) as port, client_of(port, middleware=[cached]) as client:
        assert [client.add(1, 2) for _ in range(3)] == [3, 3, 3]
        assert len(told.of_server(2)) == 2
    assert len(told.client) == 3


def test_middleware_of_several_services_and_of_one():
    seen = []
    again = []

    def twice(get_response):
        def answer(call):
            again.append(call.service)
            get_response(call)
            return get_response(call)

        return answer

    processor = TMultiplexedProcessor(middleware=[named("all", seen), twice])
    one = TProcessor(Calls, Handler(), middleware=[named("one", seen)])
    processor.register_processor("one", one)
    processor.register_processor("two", TProcessor(Calls, Handler()))
    with serving(make_server(processor=processor)) as port:
        for service in ("one", "two"):
            with ClientPool(Calls, f"tcp://127.0.0.1:{port}?service={service}") as pool:
                assert pool.add(1, 2) == 3
    assert seen == ["all", "one", "/one", "one", "/one", "/all", "all", "/all"]
    assert again == [Calls, Calls]


@pytest.mark.parametrize("middleware", [doubled, [lambda get_response: None], [3]])
def test_what_is_no_middleware_is_refused(middleware):
    with pytest.raises(TypeError):
        TProcessor(Calls, Handler(), middleware=middleware)
    with pytest.raises(TypeError):
        ClientPool(Calls, "tcp://127.0.0.1:1", middleware=middleware)


def test_a_pool_is_told_of_once_with_its_attempts(told):
    def hang_up(connection):
        rpc.receive_call(connection)

    def answer(connection):
        name, seqid = rpc.receive_call(connection)
        connection.sendall(rpc.message(name, seqid, rpc.i32_result(3)))

    with (
        rpc.scripted_peer(hang_up, answer) as port,
        ClientPool(Calls, f"tcp://127.0.0.1:{port}", idempotent=["add"], timeout=LONG) as pool,
    ):
        assert pool.add(1, 2) == 3
    (call,) = told.client
    assert (call.outcome, call.retries) == ("success", 1)
    assert call.peer == f"127.0.0.1:{port}"
    assert call.deadline > time.monotonic()
    # Those of both attempts.
    assert call.bytes_out % 2 == 0


# The call that a handler is in


class Curious(Handler):
    def echo(self, text):
        self.call = call = current_call()
        return f"{call.name} {call.arguments['text']} {call.peer is not None} {call.outcome}"


def test_calls_that_native_code_has_waited_for_are_told(told):
    with serving(make_server(server_class=TNonblockingServer)) as port, client_of(port) as client:
        for number in range(3):
            assert client.add(number, 1) == number + 1
        with pytest.raises(rpc.module.NotFound):
            client.check(1)
        calls = told.of_server(4)
    assert [call.outcome for call in calls] == ["success"] * 3 + ["exception"]
    assert all(call.peer.startswith("127.0.0.1:") for call in calls)
    sizes = [(call.bytes_out, call.bytes_in) for call in told.client]
    assert [(call.bytes_in, call.bytes_out) for call in calls] == sizes


@pytest.mark.parametrize("server_class", [TThreadedServer, TSimpleServer, TNonblockingServer])
def test_a_handler_knows_its_call(server_class):
    handler = Curious()
    server = make_server(handler, server_class=server_class)
    with serving(server) as port, client_of(port) as client:
        assert client.echo("x") == "Calls.echo x True None"
        assert client.echo("y") == "Calls.echo y True None"
    assert handler.call.outcome == "success"
    assert current_call() is None


def test_each_thread_has_its_own():
    ready = threading.Barrier(4, timeout=LONG)

    class Waiting(Handler):
        def echo(self, text):
            ready.wait()
            seen = current_call().arguments["text"]
            ready.wait()
            return seen

    with serving(make_server(Waiting())) as port:
        results = {}

        def call(text):
            with client_of(port) as client:
                results[text] = client.echo(text)

        threads = [threading.Thread(target=call, args=(str(each),)) for each in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)
    assert results == {str(each): str(each) for each in range(4)}


def test_the_first_handler_that_asks_is_told_too():
    """Nobody watches calls before the first one asks, which is in the middle of one."""
    program = textwrap.dedent(
        """
        import sys
        from fastthrift.thrift import TProcessor, TMultiplexedProcessor
        from support.rpc import Calls, Handler, client_of, make_server, serving
        from fastthrift.rpc import TSocket
        import fastthrift

        class Curious(Handler):
            def echo(self, text):
                call = fastthrift.current_call()
                return f"{call.method} {call.arguments} {call.peer.rpartition(':')[0]}"

        several = TMultiplexedProcessor()
        several.register_processor("a", TProcessor(Calls, Curious()))
        processor = several if sys.argv[1] == "several" else TProcessor(Calls, Curious())
        from fastthrift.protocol import TBinaryProtocolFactory, TMultiplexedProtocolFactory
        factory = TBinaryProtocolFactory()
        if sys.argv[1] == "several":
            factory = TMultiplexedProtocolFactory(factory, "a")
        with serving(make_server(processor=processor)) as port:
            with client_of(port, proto_factory=factory) as client:
                assert "fastthrift._calls.observed" not in sys.modules
                for _ in range(2):
                    assert client.echo("x") == "echo {'text': 'x'} 127.0.0.1", client.echo("x")
        assert fastthrift.current_call() is None
        """
    )
    for how in ("one", "several"):
        command = [sys.executable, "-c", program, how]
        subprocess.run(command, check=True, cwd=TESTS, timeout=2 * LONG)


@pytest.mark.parametrize("module", ["fastthrift", "fastthrift.hooks"])
def test_who_has_the_question_may_have_another_thread_ask_it_first(module):
    """Calls are noted from when it is imported: nobody could find them in another thread."""
    program = textwrap.dedent(
        """
        import contextvars
        from concurrent.futures import ThreadPoolExecutor
        from support.rpc import Handler, client_of, make_server, serving
        from {module} import current_call

        others = ThreadPoolExecutor(1)

        class Asking(Handler):
            def echo(self, text):
                return others.submit(contextvars.copy_context().run, current_call).result().method

        with serving(make_server(Asking())) as port, client_of(port) as client:
            assert client.echo("x") == "echo", client.echo("x")
        """
    ).format(module=module)
    subprocess.run([sys.executable, "-c", program], check=True, cwd=TESTS, timeout=2 * LONG)


@pytest.mark.parametrize("kind", ["threaded", "nonblocking", "asyncio"])
def test_a_first_hook_is_told_the_bytes_of_one_call_and_not_of_all_before(kind):
    program = textwrap.dedent(
        f"""
        from fastthrift import hooks
        from support.each_server import serving_by

        client_calls, server_calls = [], []
        with serving_by({kind!r}) as served, served.client() as client:
            for number in range(5):
                client.add(number, 1)
            hooks.add(client=client_calls.append, server=server_calls.append)
            for number in range(3):
                client.add(number, 1)
        sizes = [(call.bytes_out, call.bytes_in) for call in client_calls]
        first, *others = [(call.bytes_in, call.bytes_out) for call in server_calls]
        assert others == sizes[1:], others
        # Nobody knows where it began among the bytes that a connection has read.
        assert first == (sizes[0] if {kind!r} == "nonblocking" else (None, None)), first
        """
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=TESTS, timeout=2 * LONG)


def test_without_a_server(told):
    """Of bytes in memory nobody knows the other side."""
    handler = Curious()
    source, sink = TMemoryBuffer(), TMemoryBuffer()
    client = TClient(Calls, TBinaryProtocol(sink), TBinaryProtocol(source))
    client._send("echo", text="x")
    TProcessor(Calls, handler).process_and_answer(TBinaryProtocol(source), TBinaryProtocol(sink))
    assert client._recv("echo") == "Calls.echo x False None"
    (call,) = told.server
    assert (call.peer, call.bytes_in) == (None, None)


def test_greenlets_have_their_own():
    program = """
from gevent import monkey
monkey.patch_all()
import gevent
from fastthrift import current_call
from support.rpc import Calls, Handler, client_of, make_server, serving

class Waiting(Handler):
    def echo(self, text):
        gevent.sleep(0.01)
        return current_call().arguments["text"]

with serving(make_server(Waiting())) as port:
    def call(text):
        with client_of(port) as client:
            return client.echo(text)
    jobs = [gevent.spawn(call, str(each)) for each in range(20)]
    gevent.joinall(jobs, raise_error=True)
assert [job.value for job in jobs] == list(map(str, range(20)))
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=TESTS, timeout=2 * LONG)


# asyncio


def async_named(name, seen):
    def middleware(get_response):
        async def answer(call):
            seen.append(name)
            await asyncio.sleep(0)
            try:
                return await get_response(call)
            finally:
                seen.append(f"/{name}")

        return answer

    return middleware


class AsyncCurious:
    async def echo(self, text):
        await asyncio.sleep(0)
        task = asyncio.ensure_future(self.of_task())
        return f"{current_call().name} {text} {await task}"

    async def of_task(self):
        return current_call().method

    def add(self, a, b):
        return a + b

    async def fail(self, secret):
        raise KeyError(secret)


def aio_server(handler, **options):
    trans = TAsyncServerSocket("127.0.0.1", 0, client_timeout=LONG * 1000)
    return TAsyncServer(TAsyncProcessor(Calls, handler, **options), trans)


def test_in_asyncio(told):
    seen = []

    async def main():
        server = aio_server(AsyncCurious(), middleware=[async_named("s", seen)])
        async with running(server) as port:
            async with await make_aio_client(
                Calls, "127.0.0.1", port, timeout=LONG * 1000, middleware=[async_named("c", seen)]
            ) as client:
                assert await client.echo("x") == "Calls.echo x echo"
                assert seen == ["c", "s", "/s", "/c"]
                assert await client.add(1, 2) == 3
                with pytest.raises(TApplicationException):
                    await client.fail("x")
            async with AsyncClientPool(
                Calls, f"tcp://127.0.0.1:{port}", middleware=[async_named("p", seen)]
            ) as pool:
                del seen[:]
                assert await pool.add(1, 2) == 3
                async with pool.client() as one:
                    assert await one.add(1, 2) == 3
                assert seen == ["p", "s", "/s", "/p"] * 2

    asyncio.run(main())
    assert [call.method for call in told.client] == ["echo", "add", "fail", "add", "add"]
    outcomes = ["success", "success", "error", "success", "success"]
    assert [call.outcome for call in told.client] == outcomes
    assert [call.outcome for call in told.server] == outcomes
    assert type(told.server[2].error) is KeyError
    assert all(call.peer.startswith("127.0.0.1:") for call in told.client + told.server)
    for one, other in zip(told.client[:2], told.server, strict=False):
        assert (one.bytes_in, one.bytes_out) == (other.bytes_out, other.bytes_in)
        assert one.bytes_in > 0


@contextlib.asynccontextmanager
async def running(server):
    """A server of asyncio that serves; gives its port."""
    await server.start()
    try:
        yield server.server.sockets[0].getsockname()[1]
    finally:
        await server.close()


def test_calls_of_tasks_do_not_mix():
    class Waiting:
        async def echo(self, text):
            await asyncio.sleep(0.01)
            return current_call().arguments["text"]

    async def main():
        server = aio_server(Waiting())
        async with (
            running(server) as port,
            AsyncClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=LONG, size=20) as pool,
        ):
            texts = [str(each) for each in range(20)]
            assert await asyncio.gather(*map(pool.echo, texts)) == texts

    asyncio.run(main())


# HTTP


def test_headers_over_http(told):
    def with_token(get_response):
        def answer(call):
            call.headers["X-Token"] = "secret"
            return get_response(call)

        return answer

    class WithHeaders(Handler):
        def echo(self, text):
            return current_call().headers.get("x-token", "none")

    server = make_http_server(Calls, WithHeaders(), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        port = server.httpd.server_address[1]
        url = f"http://127.0.0.1:{port}/"
        client = make_http_client(Calls, url=url, middleware=[with_token])
        assert client.echo("x") == "secret"
        client.close()
        plain = make_http_client(Calls, url=url)
        assert plain.echo("x") == "none"
        plain.close()
    finally:
        server.close()
        thread.join()
    first = told.client[0]
    assert first.peer == url
    served = told.server[0]
    assert served.peer.startswith("127.0.0.1:")
    assert (first.bytes_in, first.bytes_out) == (served.bytes_out, served.bytes_in)
    assert first.bytes_in > 0


def test_headers_over_http_in_asyncio(told):
    pytest.importorskip("aiohttp")
    from fastthrift.contrib.aio.http import make_client

    def with_token(get_response):
        async def answer(call):
            call.headers["X-Token"] = "secret"
            return await get_response(call)

        return answer

    class WithHeaders:
        async def echo(self, text):
            return current_call().headers.get("x-token", "none")

    async def main():
        server = make_aio_http_server(Calls, WithHeaders(), "127.0.0.1", 0)
        async with running(server) as port:
            url = f"http://127.0.0.1:{port}/"
            client = await make_client(Calls, url=url, middleware=[with_token])
            assert await client.echo("x") == "secret"
            await client._iprot.trans.aclose()

    asyncio.run(main())
    assert told.client[0].bytes_in == told.server[0].bytes_out > 0
    assert told.server[0].peer.startswith("127.0.0.1:")


# The access log


def test_the_access_log_has_a_line_for_each_call(told, caplog):
    with serving(make_server()) as port:
        with client_of(port) as client:
            client.add(1, 2)
            told.of_server()
        assert lines_of(caplog) == []
        with caplog.at_level(logging.INFO, "fastthrift.access"), client_of(port) as client:
            client.add(1, 2)
            with pytest.raises(rpc.module.NotFound):
                client.check(1)
            with pytest.raises(TApplicationException):
                client.fail("secret")
            client.nothing()
            end = time.monotonic() + LONG
            while len(lines_of(caplog)) < 4:
                assert time.monotonic() < end
                time.sleep(0.005)
    first, declared, failed, _ = lines_of(caplog)
    assert first.startswith("127.0.0.1:")
    assert " Calls.add success " in first
    assert " ms, 30 bytes in, 23 bytes out" in first
    assert " Calls.check exception (NotFound) " in declared
    assert " Calls.fail error (KeyError) " in failed
    assert "secret" not in "".join(lines_of(caplog))


def lines_of(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "fastthrift.access"]


def test_a_call_that_fails_before_it_is_sent(told):
    with serving(make_server()) as port, client_of(port) as client:
        client.close()
        with pytest.raises(TTransportException):
            client.add(1, 2)
    (call,) = told.client
    assert (call.outcome, call.bytes_out) == ("error", 0)


def test_a_call_of_a_unix_socket(told, tmp_path):
    path = str(tmp_path / "the.sock")
    with serving(make_server(trans=TServerSocket(unix_socket=path))):
        with ClientPool(Calls, f"unix:{path}") as pool:
            pool.nothing()
        (served,) = told.of_server()
    assert told.client[0].peer == f"unix:{path}"
    assert served.peer == "a unix socket"
