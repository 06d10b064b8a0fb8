"""A pool of clients: its connections, and what it does when they fail."""

import contextlib
import io
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fastthrift
import pytest
from fastthrift import ClientPool
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.protocol.exc import TEncodeException
from fastthrift.server import TThreadedServer
from fastthrift.thrift import (
    TApplicationException,
    TMessageType,
    TMultiplexedProcessor,
    TProcessor,
)
from fastthrift.transport import (
    TFramedTransportFactory,
    TMemoryBuffer,
    TServerSocket,
    TTransportException,
)
from fastthrift.urls import parse
from support import rpc
from support.rpc import Calls, Handler, make_server, serving

#: Of a call that must not be late: for a loaded machine.
LONG = 60


def pool_of(port, **options):
    options.setdefault("timeout", LONG)
    options.setdefault("connect_timeout", LONG)
    return ClientPool(Calls, f"tcp://127.0.0.1:{port}", **options)


@pytest.fixture
def port():
    with serving(make_server()) as port:
        yield port


def test_nothing_is_connected_before_the_first_call_and_one_connection_does(port):
    with pool_of(port) as pool:
        assert pool.stats()["open"] == 0
        assert [pool.add(each, 1) for each in range(5)] == [1, 2, 3, 4, 5]
        assert pool.echo(text="x") == "x"
        assert pool.stats() == {
            **dict.fromkeys(("busy", "reconnects", "retries", "timeouts"), 0),
            **dict.fromkeys(("open", "idle", "connects"), 1),
        }


def test_threads_share_no_more_connections_than_there_may_be(port):
    with pool_of(port, size=4) as pool, ThreadPoolExecutor(32) as executor:
        calls = executor.map(lambda each: pool.echo(str(each)), range(640))
        assert list(calls) == list(map(str, range(640)))
        stats = pool.stats()
        assert 1 <= stats["open"] <= 4
        assert stats["open"] == stats["idle"] == stats["connects"]


def test_the_connection_that_was_used_last_is_used_next(port):
    with pool_of(port) as pool:
        with pool.client() as first, pool.client() as second:
            assert (first.add(1, 1), second.add(2, 2)) == (2, 4)
        assert pool.stats()["idle"] == 2
        for _ in range(3):
            pool.nothing()
        with pool.client(), pool.client():
            assert pool.stats()["connects"] == 2


def test_a_connection_that_the_server_has_closed_is_replaced_without_a_word():
    trans = TServerSocket("127.0.0.1", 0, client_timeout=1000)
    with serving(make_server(trans=trans)) as port, pool_of(port) as pool:
        assert pool.add(1, 2) == 3
        wait_until(lambda: is_over(pool))
        assert pool.add(3, 4) == 7
        assert pool.stats()["reconnects"] == 1
        assert pool.stats()["connects"] == 2


def is_over(pool):
    """Whether the end of the idle connection has come."""
    (connection,) = pool._calls.shelf.idle
    return connection.client._iprot.trans.trans.has_arrived()


def wait_until(condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_connection_on_which_something_came_unasked_is_not_used():
    """It would be taken for the answer to the next call."""
    calls = []

    def answer_twice(connection):
        name, seqid = rpc.receive_call(connection)
        answer = rpc.message(name, seqid, rpc.i32_result(3))
        connection.sendall(answer + answer)
        calls.append(name)
        assert connection.recv(1) == b""

    def answer(connection):
        name, seqid = rpc.receive_call(connection)
        connection.sendall(rpc.message(name, seqid, rpc.i32_result(7)))
        calls.append(name)
        connection.recv(1)

    with rpc.scripted_peer(answer_twice, answer) as port, pool_of(port) as pool:
        assert pool.add(1, 2) == 3
        assert pool.add(3, 4) == 7
    assert calls == ["add", "add"]


def test_a_server_that_was_started_again_is_found_again():
    trans = TServerSocket("127.0.0.1", 0, client_timeout=LONG * 1000)
    with serving(make_server(trans=trans)) as port:
        pool = pool_of(port)
        with pool.client() as first, pool.client() as second:
            assert first.add(1, 2) == second.add(2, 1) == 3
    with pytest.raises(TTransportException) as caught:
        pool.add(1, 2)
    assert caught.value.type == TTransportException.NOT_OPEN
    assert caught.value.request_sent is False
    with serving(make_server(trans=TServerSocket("127.0.0.1", port))):
        assert pool.add(3, 4) == 7
    pool.close()


def hang_up(times, received):
    """A peer that takes a call and goes, as often as that."""

    def script(connection):
        received.append(rpc.receive_call(connection)[0])

    return rpc.scripted_peer(*[script] * times)


def test_what_was_sent_does_not_run_twice():
    received = []
    with hang_up(1, received) as port, pool_of(port) as pool:
        with pytest.raises(TTransportException, match=r"Calls\.add\(\)") as caught:
            pool.add(1, 2)
        assert caught.value.request_sent is True
        assert pool.stats()["open"] == 0
        assert pool.stats()["retries"] == 0
    assert received == ["add"]


def test_an_idempotent_call_is_made_again_as_often_as_it_may_be():
    received = []
    with hang_up(3, received) as port, pool_of(port, idempotent=["add"], retries=2) as pool:
        with pytest.raises(TTransportException):
            pool.add(1, 2)
        assert pool.stats()["retries"] == 2
    assert received == ["add"] * 3


def test_methods_are_idempotent_by_the_idl():
    module = fastthrift.load_fp(
        io.StringIO(
            'service Base { i32 add(1: i32 a, 2: i32 b) (idempotent = "true") }\n'
            'service Calc extends Base { i32 take(1: i32 a), i32 no() (idempotent = "false") }'
        ),
        "idempotent_thrift",
    )
    received = []
    with (
        hang_up(3, received) as port,
        ClientPool(module.Calc, f"tcp://127.0.0.1:{port}") as pool,
    ):
        for call in (lambda: pool.add(1, 2), lambda: pool.take(1)):
            with pytest.raises(TTransportException):
                call()
    assert received == ["add", "add", "take"]


def test_a_time_out_is_of_the_call_as_a_whole_and_ends_the_connection():
    handler = Handler()
    with serving(make_server(handler)) as port, pool_of(port) as pool:
        quick = pool.with_options(timeout=0.2)
        with pytest.raises(fastthrift.DeadlineExceeded) as caught:
            quick.wait(1)
        assert isinstance(caught.value, TimeoutError)
        assert caught.value.request_sent is True
        assert pool.stats()["open"] == 0
        assert pool.stats()["timeouts"] == 1
        handler.go_on.set()
        assert pool.wait(2) == 2


def test_declared_exceptions_keep_the_connection_and_others_do_not(port):
    with pool_of(port) as pool:
        for _ in range(2):
            with pytest.raises(rpc.module.NotFound):
                pool.check(1)
            with pytest.raises(TypeError):
                pool.add(1, 2, 3)
        assert pool.stats()["connects"] == 1
        with pytest.raises(TApplicationException):
            pool.fail("secret")
        assert pool.stats()["open"] == 0
        assert pool.add(1, 2) == 3


def test_an_address_that_fails_is_passed_over(port):
    with closed_port() as nobody:
        urls = [f"tcp://127.0.0.1:{each}" for each in (nobody, port)]
        with ClientPool(Calls, urls, timeout=LONG) as pool:
            for _ in range(4):
                with pool.client() as one, pool.client() as another:
                    assert one.add(1, 2) + another.add(3, 4) == 10
                for connection in list(pool._calls.shelf.idle):
                    pool._calls.shelf.idle.remove(connection)
                    connection.client.close()


def test_all_addresses_are_tried_before_a_call_fails():
    with closed_port() as one, closed_port() as other:
        pool = ClientPool(Calls, [f"tcp://127.0.0.1:{each}" for each in (one, other)])
        with pytest.raises(TTransportException, match=r"Could not connect") as caught:
            pool.add(1, 2)
        assert caught.value.request_sent is False
        assert pool.stats()["retries"] == 1
        assert pool.stats()["open"] == 0


@contextlib.contextmanager
def closed_port():
    """A port that nobody listens on, and nobody else gets."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def test_addresses_take_turns():
    handlers = [Handler(), Handler()]
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(serving(make_server(each))) for each in handlers]
        pool = stack.enter_context(
            ClientPool(Calls, [f"tcp://127.0.0.1:{port}" for port in ports], timeout=LONG)
        )
        with pool.client() as one, pool.client() as other:
            one.note("one")
            other.note("other")
        assert all(each.noted.wait(LONG) for each in handlers)
        assert [len(each.notes) for each in handlers] == [1, 1]


def test_a_call_that_gets_no_connection_says_so(port):
    with pool_of(port, size=1, checkout_timeout=0.1) as pool, pool.client() as one:
        with pytest.raises(TimeoutError, match=r"all 1 connections .* busy") as caught:
            pool.add(1, 2)
        assert isinstance(caught.value, TTransportException)
        assert caught.value.request_sent is False
        assert one.add(1, 2) == 3
    assert pool.stats()["open"] == 0


@pytest.mark.parametrize("kept", [False, True])
def test_a_peer_that_hangs_does_not_take_the_time_of_another_one(kept):
    """Whether the connection to it is a new one, or was kept."""

    def hang(connection):
        if kept:
            name, seqid = rpc.receive_call(connection)
            connection.sendall(rpc.message(name, seqid, b"\0"))
        while connection.recv(1000):
            pass

    with serving(make_server()) as port, rpc.scripted_peer(hang) as hung:
        urls = [f"tcp://127.0.0.1:{each}" for each in (hung, port)]
        pool = ClientPool(Calls, urls, timeout=4, connect_timeout=4, idempotent=["add"])
        with pool:
            if kept:
                pool.nothing()
            assert pool.add(1, 2) == 3
            assert pool.stats()["retries"] == 1


def of_a_call(error):
    return error.client, error.service, error.method, error.peer, error.request_sent


def test_errors_of_calls_that_got_no_connection_say_which_they_are(port):
    known = "stock", "Calls", "add", f"tcp://127.0.0.1:{port}", False
    with pool_of(port, size=1, checkout_timeout=0.1, name="stock") as pool:
        with pool.client() as one:
            with pytest.raises(TTransportException, match=r"message='stock: .* busy") as caught:
                pool.add(1, 2)
            assert of_a_call(caught.value) == known
            with fastthrift.deadline(0), pytest.raises(TTransportException) as caught:
                one.add(1, 2)
            assert of_a_call(caught.value) == (*known[:3], f"127.0.0.1:{port}", False)
        with fastthrift.deadline(0):
            with pytest.raises(
                TTransportException, match=r"message='stock: the deadline"
            ) as caught:
                pool.add(1, 2)
            assert of_a_call(caught.value) == known
    with pytest.raises(TTransportException, match=r"message='stock: The pool is closed") as caught:
        pool.add(1, 2)
    assert of_a_call(caught.value) == known


def test_what_a_server_refuses_says_which_call_it_was():
    class Failing(Handler):
        def add(self, a, b):
            raise ValueError("a secret")

    with serving(make_server(Failing())) as port:
        with pool_of(port, name="stock") as pool, pytest.raises(TApplicationException) as caught:
            pool.add(1, 2)
        assert of_a_call(caught.value) == ("stock", "Calls", "add", f"127.0.0.1:{port}", True)
        with rpc.client_of(port) as client:
            with pytest.raises(TApplicationException) as caught:
                client.add(1, 2)
            assert of_a_call(caught.value) == (None, "Calls", "add", f"127.0.0.1:{port}", True)
            with fastthrift.deadline(0), pytest.raises(TTransportException) as caught:
                client.add(1, 2)
            assert of_a_call(caught.value) == (None, "Calls", "add", f"127.0.0.1:{port}", False)
    assert repr(caught.value).count("add") == 1


def test_a_call_waits_for_a_connection(port):
    with pool_of(port, size=1) as pool, ThreadPoolExecutor() as executor:
        with pool.client() as one:
            waiting = executor.submit(pool.add, 1, 2)
            assert one.add(3, 4) == 7
        assert waiting.result(LONG) == 3
        assert pool.stats()["connects"] == 1


def test_old_connections_are_not_used_again(port):
    with pool_of(port, max_idle=0.05) as pool:
        pool.nothing()
        time.sleep(0.1)
        pool.nothing()
        assert pool.stats()["connects"] == 2
    with pool_of(port, max_age=0.05) as pool:
        with pool.client() as one:
            time.sleep(0.1)
            one.nothing()
        pool.nothing()
        assert pool.stats()["connects"] == 2


def test_a_closed_pool_says_so_and_closes_what_is_given_back(port):
    pool = pool_of(port)
    with pool.client() as one:
        pool.close()
        assert one.add(1, 2) == 3
    assert pool.stats()["open"] == 0
    with pytest.raises(TTransportException, match=r"The pool is closed"):
        pool.add(1, 2)


def test_a_block_that_is_left_in_the_middle_gives_its_connection_back(port):
    with pool_of(port, size=1) as pool:
        with pytest.raises(KeyboardInterrupt), pool.client() as one:
            interrupt_after(one.add(1, 2))
        assert pool.stats()["busy"] == 0
        assert pool.add(1, 2) == 3


def interrupt_after(_):
    raise KeyboardInterrupt


def test_a_call_that_is_interrupted_ends_its_connection_and_gives_its_slot_back():
    """By a signal, as Ctrl-C or the end of a worker does it."""
    handler = Handler()
    with serving(make_server(handler)) as port, pool_of(port, size=1) as pool:

        def interrupt(*_):
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGUSR1, interrupt)
        main = threading.main_thread().ident

        def send():
            assert handler.waiting.wait(LONG)
            signal.pthread_kill(main, signal.SIGUSR1)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                pool.wait(1)
        finally:
            thread.join()
            signal.signal(signal.SIGUSR1, before)
            handler.go_on.set()
        assert pool.stats()["open"] == 0
        assert pool.wait(2) == 2


@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize("protocol", ["binary", "compact"])
def test_a_url_says_what_is_spoken(protocol, transport):
    options = {}
    if protocol == "compact":
        options["iprot_factory"] = TCompactProtocolFactory()
    if transport == "framed":
        options["itrans_factory"] = TFramedTransportFactory()
    with serving(make_server(**options)) as port:
        url = f"tcp://127.0.0.1:{port}?protocol={protocol}&transport={transport}"
        with ClientPool(Calls, url, timeout=LONG) as pool:
            assert pool.add(1, 2) == 3


@pytest.mark.parametrize("transport", ["buffered", "framed"])
def test_a_url_asks_for_messages_without_a_version(transport):
    lax = TBinaryProtocolFactory(strict_read=False, strict_write=False)
    options = {"iprot_factory": lax}
    if transport == "framed":
        options["itrans_factory"] = TFramedTransportFactory()
    url = f"tcp://127.0.0.1:1?protocol=lax_binary&transport={transport}"
    buffer = TMemoryBuffer()
    proto = parse(url).protocol_factory().get_protocol(buffer)
    proto.write_message_begin("add", TMessageType.CALL, 1)
    assert buffer.getvalue() == b"\0\0\0\3add\1\0\0\0\1"
    with (
        serving(make_server(**options)) as port,
        ClientPool(Calls, url.replace(":1?", f":{port}?"), timeout=LONG) as pool,
    ):
        assert pool.add(1, 2) == 3


def test_unix_sockets_and_services_among_several(tmp_path):
    processor = TMultiplexedProcessor()
    processor.register_processor("Calls", TProcessor(Calls, Handler()))
    path = tmp_path / "the.sock"
    trans = TServerSocket(unix_socket=str(path))
    server = TThreadedServer(processor, trans)
    trans.listen()
    with serving(server), ClientPool(Calls, f"unix:{path}?service=Calls") as pool:
        assert pool.add(1, 2) == 3


def test_over_http():
    from fastthrift.http import make_server as make_http_server

    server = make_http_server(Calls, Handler(), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        port = server.httpd.server_address[1]
        with ClientPool(Calls, f"http://127.0.0.1:{port}/", timeout=LONG) as pool:
            assert [pool.add(each, 1) for each in range(3)] == [1, 2, 3]
            assert pool.stats()["connects"] == 1
    finally:
        server.close()
        thread.join()


def test_a_forked_child_has_connections_of_its_own_and_says_nothing_on_those_of_its_parent(port):
    program = textwrap.dedent(
        f"""
        import os, sys, traceback
        from fastthrift import ClientPool
        from support.rpc import Calls

        pool = ClientPool(Calls, "tcp://127.0.0.1:{port}", timeout={LONG}, size=2)
        with pool.client() as one, pool.client() as two:
            assert one.add(1, 2) == two.add(2, 1) == 3
        busy = pool.client()
        with busy as one:
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    assert pool.stats()["open"] == 0
                    assert [pool.add(each, 1) for each in range(20)] == list(range(1, 21))
                    assert pool.stats()["connects"] == 1
                    code = 0
                finally:
                    traceback.print_exc()
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
            assert one.add(3, 4) == 7
        with pool.client() as one, pool.client() as two:
            assert one.add(1, 2) == two.add(2, 1) == 3
        assert pool.stats()["connects"] == 2, pool.stats()
        """
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=TESTS, timeout=LONG)


TESTS = Path(__file__).parent.parent


def test_no_descriptor_is_left_behind(port):
    with pool_of(port) as pool:
        pool.nothing()
        before = rpc.open_descriptors()
        for _ in range(20):
            with pytest.raises(TApplicationException):
                pool.fail("x")
            pool.nothing()
        # Those of the server are in this process too, and closed a moment later.
        wait_until(lambda: rpc.open_descriptors() <= before)


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"size": 0}, ValueError, "size must be"),
        ({"timeout": 0}, ValueError, "timeout must be above 0"),
        ({"timeout": float("inf")}, ValueError, "timeout is at most 1000000000 seconds, or None"),
        ({"checkout_timeout": 1e300}, ValueError, "checkout_timeout is at most"),
        ({"retries": -1}, ValueError, "retries must be"),
        ({"idempotent": "add"}, TypeError, "tuple of names"),
        ({"idempotent": ["addd"]}, ValueError, "has no method addd"),
    ],
)
def test_options_that_are_none_are_refused(options, kind, text):
    with pytest.raises(kind, match=text):
        ClientPool(Calls, "tcp://127.0.0.1:1", **options)


def test_other_options_of_a_view():
    pool = ClientPool(Calls, "tcp://127.0.0.1:1")
    with pytest.raises(TypeError, match="has no option 'size'"):
        pool.with_options(size=3)
    with pytest.raises(AttributeError, match="addd"):
        pool.addd  # noqa: B018
    assert "add" in dir(pool)
    assert "tcp://127.0.0.1:1" in repr(pool)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("host:9090", "must begin with tcp://"),
        ("tcp://host:1/path", "has a path"),
        ("tcp://user:secret@host:1", "has a user"),
        ("tcp://host?protocol=xml", "there are binary, compact, json, apache_json, lax_binary"),
        ("tcp://host?colour=red", "has no option 'colour'"),
        ("tcp://host?protocol=binary&protocol=json", "stands twice"),
        ("tcp://host:0", "port 0"),
        ("unix:", "names no unix socket"),
        ([], "the url of a service is needed"),
    ],
)
def test_a_url_that_is_none_is_refused(url, text):
    with pytest.raises(ValueError, match=text) as caught:
        ClientPool(Calls, url)
    assert "secret" not in str(caught.value)


def test_greenlets_share_a_pool():
    """They take turns for its connections, and one that is killed in the middle leaves its slot."""
    program = """
from gevent import monkey
monkey.patch_all()
import gevent
from fastthrift import ClientPool
from support.rpc import Calls

pool = ClientPool(Calls, "tcp://127.0.0.1:%(port)d", timeout=%(long)d, size=3)
jobs = [gevent.spawn(pool.echo, str(each)) for each in range(100)]
gevent.joinall(jobs, raise_error=True)
assert [job.value for job in jobs] == list(map(str, range(100)))
assert 1 <= pool.stats()["connects"] <= 3

job = gevent.spawn(pool.wait, 1)
while not pool.stats()["busy"]:
    gevent.sleep(0.01)
job.kill()
assert pool.stats()["busy"] == 0
assert pool.add(1, 2) == 3
"""
    handler = Handler()
    with serving(make_server(handler)) as port:
        command = [sys.executable, "-c", program % {"port": port, "long": LONG}]
        try:
            subprocess.run(command, check=True, cwd=TESTS, timeout=2 * LONG)
        finally:
            handler.go_on.set()


def test_the_addresses_of_a_name_take_turns_and_one_that_fails_is_passed_over(monkeypatch):
    """Those of a name, where another resolver gives them than the system's."""
    first = make_server()
    port = rpc.port_of(first)
    servers = first, make_server(trans=TServerSocket("127.0.0.2", port))

    def getaddrinfo(host, port, *_, **__):
        assert host == "calls.example"
        hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with (
        serving(servers[0]),
        serving(servers[1]),
        ClientPool(Calls, f"tcp://calls.example:{port}", timeout=LONG) as pool,
        contextlib.ExitStack() as stack,
    ):
        ones = [stack.enter_context(pool.client()) for _ in range(6)]
        assert [one.add(1, 2) for one in ones] == [3] * 6
        hosts = sorted(one._block.connection.place[1][1][0] for one in ones)
        assert hosts == ["127.0.0.1"] * 3 + ["127.0.0.2"] * 3
        # Once, and not again while it is passed over.
        assert pool.stats()["retries"] == 1


def test_arguments_that_cannot_be_sent_are_told_by_a_pool_with_a_name(port):
    with pool_of(port, name="calls") as pool:
        with pytest.raises(TEncodeException) as caught:
            pool.add(2**40, 1)
        assert caught.value.client == "calls"
        assert pool.add(1, 1) == 2
