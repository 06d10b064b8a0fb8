"""TSocket and TServerSocket by themselves."""

import contextlib
import errno
import os
import socket
import stat
import struct
import subprocess
import sys
import textwrap
import threading

import pytest
from fastthrift._serve.health import wait_for
from fastthrift.http import make_client as make_http_client
from fastthrift.rpc import client_context, make_client
from fastthrift.transport import TServerSocket, TSocket, TTransportException
from fastthrift.transport._addresses import has_input
from support.rpc import PATIENCE, Calls


def port_of(server):
    return server.sock.getsockname()[1]


@contextlib.contextmanager
def listening(*args, **kwargs):
    server = TServerSocket(*(args or ("127.0.0.1", 0)), **kwargs)
    server.listen()
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def connected(server, **kwargs):
    """A client and the server's side of its connection."""
    if server.unix_socket:
        client = TSocket(unix_socket=server.unix_socket, **kwargs)
    else:
        family = server.sock.family
        client = TSocket(server.host, port_of(server), socket_family=family, **kwargs)
    client.open()
    accepted = server.accept()
    try:
        yield client, accepted
    finally:
        client.close()
        accepted.close()


def assert_talk(client, accepted):
    client.write(b"Hello")
    client.flush()
    assert accepted.read(1024) == b"Hello"
    accepted.write(b"World")
    assert client.read(2) == b"Wo"
    assert client.read(1024) == b"rld"


def test_tcp():
    with listening() as server, connected(server) as (client, accepted):
        assert client.is_open()
        assert accepted.is_open()
        assert_talk(client, accepted)
        assert client.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert client.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_ipv6():
    with (
        listening("::1", 0, socket_family=socket.AF_INET6) as server,
        connected(server) as (client, accepted),
    ):
        assert_talk(client, accepted)


def test_unix_socket_and_its_file(tmp_path):
    path = tmp_path / "sock"
    with listening(unix_socket=str(path)) as server:
        assert stat.S_ISSOCK(path.stat().st_mode)
        with connected(server) as (client, accepted):
            assert_talk(client, accepted)
    assert not path.exists()


def test_socket_in_the_abstract_namespace():
    name = f"\0fastthrift-test-{os.getpid()}"
    with listening(unix_socket=name) as server:
        with connected(server) as (client, accepted):
            assert_talk(client, accepted)
        with pytest.raises(OSError, match="in use"):
            TServerSocket(unix_socket=name).listen()


def test_stale_socket_file_is_replaced(tmp_path):
    path = str(tmp_path / "sock")
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(path)
    with listening(unix_socket=path) as server, connected(server) as (client, accepted):
        assert_talk(client, accepted)


def test_empty_file_that_reserves_the_name_is_replaced(tmp_path):
    path = tmp_path / "sock"
    path.touch()
    with listening(unix_socket=str(path)) as server, connected(server) as (client, accepted):
        assert_talk(client, accepted)


def test_file_with_contents_is_not_touched(tmp_path):
    path = tmp_path / "sock"
    path.write_text("precious")
    server = TServerSocket(unix_socket=str(path))
    with pytest.raises(OSError, match="it exists and is not a socket") as caught:
        server.listen()
    assert caught.value.errno == errno.EADDRINUSE
    server.close()
    assert path.read_text() == "precious"


@pytest.mark.parametrize("make", ["mkdir", "symlink"])
def test_other_things_at_the_path_are_not_touched(tmp_path, make):
    path = tmp_path / "sock"
    if make == "mkdir":
        path.mkdir()
    else:
        (tmp_path / "target").touch()
        path.symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="it exists and is not a socket"):
        TServerSocket(unix_socket=str(path)).listen()
    assert os.path.lexists(path)


def test_live_server_keeps_its_unix_socket(tmp_path):
    path = str(tmp_path / "sock")
    with listening(unix_socket=path) as server:
        second = TServerSocket(unix_socket=path)
        with pytest.raises(OSError, match="another server is listening there"):
            second.listen()
        second.close()
        # The probe was one connection; the client is the next.
        server.accept().close()
        with connected(server) as (client, accepted):
            assert_talk(client, accepted)


def test_live_server_with_a_full_backlog_keeps_its_unix_socket(tmp_path):
    path = str(tmp_path / "sock")
    with socket.socket(socket.AF_UNIX) as busy, contextlib.ExitStack() as waiting:
        busy.bind(path)
        busy.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                peer = waiting.enter_context(socket.socket(socket.AF_UNIX))
                peer.setblocking(False)
                peer.connect(path)
        with pytest.raises(OSError, match="another server is listening there"):
            TServerSocket(unix_socket=path).listen()
        assert os.path.exists(path)


def test_file_of_a_successor_is_not_removed(tmp_path):
    path = tmp_path / "sock"
    with listening(unix_socket=str(path)):
        path.unlink()
        with socket.socket(socket.AF_UNIX) as successor:
            successor.bind(str(path))
            inode = path.stat().st_ino
    assert path.stat().st_ino == inode


def test_forked_child_does_not_remove_the_file_of_its_parent(tmp_path):
    path = tmp_path / "sock"
    program = textwrap.dedent(
        f"""
        import os
        from fastthrift.transport import TServerSocket
        server = TServerSocket(unix_socket={str(path)!r})
        server.listen()
        child = os.fork()
        if child == 0:
            server.close()
            os._exit(0)
        os.waitpid(child, 0)
        print(os.path.exists({str(path)!r}))
        server.close()
        print(os.path.exists({str(path)!r}))
        """
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert output.stdout.split() == ["True", "False"]


@pytest.mark.difference("port-in-use")
def test_port_in_use():
    with listening() as server:
        second = TServerSocket("127.0.0.1", port_of(server))
        with pytest.raises(OSError, match=r"Cannot listen on \('127.0.0.1', .* in use") as caught:
            second.listen()
        assert caught.value.errno == errno.EADDRINUSE
        assert second.sock is None


def test_port_that_was_just_used_can_be_had_again():
    with listening() as server:
        port = port_of(server)
        with connected(server) as (client, accepted):
            assert_talk(client, accepted)
            accepted.close()  # first, so that this side of it lingers in TIME_WAIT
    with listening("127.0.0.1", port) as server:
        assert port_of(server) == port


def test_port_shared_on_purpose():
    with listening(reuse_port=True) as server:
        with listening("127.0.0.1", port_of(server), reuse_port=True) as second:
            assert port_of(second) == port_of(server)
        with pytest.raises(OSError, match="in use"):
            TServerSocket("127.0.0.1", port_of(server)).listen()


def test_listening_twice_is_listening_once():
    with listening() as server:
        sock = server.sock
        server.listen()
        assert server.sock is sock


def test_socket_given_to_listen_on():
    sock = socket.create_server(("127.0.0.1", 0))
    server = TServerSocket("127.0.0.1", 0)
    server.sock = sock
    server.listen()
    with connected(server) as (client, accepted):
        assert_talk(client, accepted)
    server.close()
    assert sock.fileno() == -1


def test_listening_again_after_close():
    server = TServerSocket("127.0.0.1", 0)
    server.listen()
    server.close()
    with pytest.raises(TTransportException, match="not listening"):
        server.accept()
    server.listen()
    with connected(server) as (client, accepted):
        assert_talk(client, accepted)
    server.close()
    server.close()


def test_close_ends_accept():
    with listening() as server:
        ended = []

        def accept():
            try:
                server.accept()
            except (OSError, TTransportException) as error:
                ended.append(error)

        thread = threading.Thread(target=accept)
        thread.start()
        server.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert len(ended) == 1


def test_connection_refused():
    with listening() as server:
        port = port_of(server)
    client = TSocket("127.0.0.1", port)
    with pytest.raises(TTransportException) as caught:
        client.open()
    assert caught.value.type == TTransportException.NOT_OPEN
    assert caught.value.message == f"Could not connect to ('127.0.0.1', {port}): Connection refused"
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert not client.is_open()


def test_unix_socket_that_does_not_exist(tmp_path):
    path = str(tmp_path / "sock")
    with pytest.raises(TTransportException) as caught:
        TSocket(unix_socket=path).open()
    assert caught.value.type == TTransportException.NOT_OPEN
    assert caught.value.message == f"Could not connect to {path}: No such file or directory"


def test_unknown_host():
    with pytest.raises(TTransportException, match="Could not connect"):
        TSocket("host.invalid", 9090).open()


def test_connect_timeout(tmp_path):
    """A server with a full backlog does not answer to a new connection."""
    with socket.socket() as busy, contextlib.ExitStack() as waiting:
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        port = busy.getsockname()[1]
        for _ in range(10):
            peer = waiting.enter_context(socket.socket())
            peer.setblocking(False)
            peer.connect_ex(("127.0.0.1", port))
        client = TSocket("127.0.0.1", port, connect_timeout=50)
        with pytest.raises(TTransportException, match="Could not connect") as caught:
            client.open()
        assert caught.value.type == TTransportException.NOT_OPEN
        assert isinstance(caught.value, TimeoutError)
        assert not client.is_open()


@pytest.mark.parametrize("timeout", [-1, -0.5, float("nan"), float("-inf")])
def test_what_is_no_time_is_no_timeout(timeout):
    for options in ({"socket_timeout": timeout}, {"connect_timeout": timeout}):
        with pytest.raises(ValueError, match="Timeout value out of range"):
            TSocket("127.0.0.1", 1, **options)
    for options in ({"client_timeout": timeout}, {"message_timeout": timeout}):
        with pytest.raises(ValueError, match="Timeout value out of range"):
            TServerSocket("127.0.0.1", 1, **options)
    with pytest.raises(ValueError, match="Timeout value out of range"):
        make_client(Calls, "127.0.0.1", 1, timeout=timeout)
    with (
        pytest.raises(ValueError, match="Timeout value out of range"),
        client_context(Calls, "127.0.0.1", 1, socket_timeout=timeout),
    ):
        pass
    with pytest.raises(ValueError, match="Timeout value out of range"):
        make_http_client(Calls, url="http://127.0.0.1:1/", timeout=timeout)
    # As in thriftpy2.
    client = TSocket("127.0.0.1", 1)
    client.set_timeout(timeout)
    assert client.socket_timeout is None


def test_a_time_longer_than_the_system_takes_is_waited_for():
    month = 31 * 24 * 3600
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()).close()
        assert has_input(listener, month)
        assert wait_for([listener.fileno()], month) == [listener.fileno()]


def test_a_host_may_be_bytes():
    with listening(b"127.0.0.1", 0) as server:
        client = TSocket(b"localhost", port_of(server), socket_family=socket.AF_INET)
        client.open()
        accepted = server.accept()
        assert_talk(client, accepted)
        assert client.peer == f"localhost:{port_of(server)}"
        client.close()
        accepted.close()
    client = TSocket(b"127.0.0.1", 1)
    with pytest.raises(TTransportException, match="Could not connect"):
        client.open()
    assert client.peer == "127.0.0.1:1"


def test_timeouts_are_milliseconds():
    with listening(client_timeout=100) as server:
        with connected(server, connect_timeout=10_000, socket_timeout=200) as (client, accepted):
            assert client.sock.gettimeout() == 0.2
            assert accepted.sock.gettimeout() == 0.1
            assert server.sock.gettimeout() is None
            client.set_timeout(300)
            assert client.sock.gettimeout() == client.socket_timeout == 0.3
            assert client.connect_timeout == 0.3
            client.set_timeout(None)
            assert client.sock.gettimeout() is None
        with connected(server, connect_timeout=10_000, socket_timeout=None) as (client, _):
            assert client.sock.gettimeout() is None
    socket_with_defaults = TSocket("127.0.0.1", 1)
    assert socket_with_defaults.socket_timeout == socket_with_defaults.connect_timeout == 3
    assert TSocket("127.0.0.1", 1, socket_timeout=0).socket_timeout is None


def test_read_that_times_out():
    with listening() as server, connected(server, socket_timeout=50) as (client, _):
        with pytest.raises(TimeoutError) as caught:
            client.read(1)
        assert isinstance(caught.value, socket.timeout)
        assert isinstance(caught.value, TTransportException)
        assert caught.value.type == TTransportException.TIMED_OUT
        assert caught.value.message == "timed out: no data within 50 ms"


def test_write_that_times_out():
    with listening() as server, connected(server, socket_timeout=50) as (client, _):
        # More than the buffers of both sides take.
        with pytest.raises(TTransportException) as caught:
            client.write(b"x" * 100_000_000)
        assert caught.value.type == TTransportException.TIMED_OUT
        assert isinstance(caught.value, TimeoutError)


def test_small_writes_to_a_slow_reader_arrive_whole_and_in_order():
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    transport = TSocket(sock=ours)
    sent = bytes(range(256)) * 250

    def write():
        for _ in range(20):
            transport.write(sent)
        transport.close()

    writer = threading.Thread(target=write)
    writer.start()
    received = b""
    while data := theirs.recv(10_000):
        received += data
    writer.join(PATIENCE)
    theirs.close()
    assert received == sent * 20


def test_small_write_that_times_out():
    ours, theirs = socket.socketpair()
    transport = TSocket(sock=ours)
    transport.set_timeout(50)

    def write_until_nothing_goes():
        while True:
            transport.write(b"x" * 1000)

    with pytest.raises(TTransportException) as caught:
        write_until_nothing_goes()
    assert caught.value.type == TTransportException.TIMED_OUT
    assert isinstance(caught.value, TimeoutError)
    transport.close()
    theirs.close()


def test_write_where_the_socket_was_closed_under_it():
    ours, theirs = socket.socketpair()
    transport = TSocket(sock=ours)
    ours.close()
    with pytest.raises(OSError, match="Bad file descriptor") as caught:
        transport.write(b"x")
    assert caught.value.errno == errno.EBADF
    theirs.close()


def test_socket_of_a_class_of_its_own_sends_in_its_own_way():
    class Shouting(socket.socket):
        def sendall(self, data, *flags):
            super().sendall(bytes(data).upper(), *flags)

    ours, theirs = socket.socketpair()
    transport = TSocket(sock=Shouting(fileno=ours.detach()))
    transport.write(b"Hello")
    assert theirs.recv(5) == b"HELLO"
    transport.close()
    theirs.close()


def test_end_of_stream():
    with listening() as server, connected(server) as (client, accepted):
        client.close()
        assert not client.is_open()
        with pytest.raises(TTransportException) as caught:
            accepted.read(1024)
        assert caught.value.type == TTransportException.END_OF_FILE
        assert caught.value.message == "TSocket read 0 bytes"
        assert str(caught.value) == "TTransportException(type=4, message='TSocket read 0 bytes')"


def test_peer_that_breaks_the_connection_off():
    with listening() as server, connected(server) as (client, accepted):
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sock.close()
        with pytest.raises(ConnectionResetError) as caught:
            accepted.read(1024)
        assert isinstance(caught.value, TTransportException)
        assert caught.value.errno == errno.ECONNRESET
        with pytest.raises(BrokenPipeError) as broken:
            accepted.write(b"x")
        assert isinstance(broken.value, TTransportException)
        assert broken.value.errno == errno.EPIPE


@pytest.mark.parametrize("use", [lambda sock: sock.read(1), lambda sock: sock.write(b"x")])
def test_socket_that_is_not_open(use):
    for sock in (TSocket("127.0.0.1", 1), TSocket()):
        with pytest.raises(TTransportException, match="not open") as caught:
            use(sock)
        assert caught.value.type == TTransportException.NOT_OPEN


def test_sockets_of_the_user():
    ours, theirs = socket.socketpair()
    transport = TSocket(sock=ours)
    transport.open()
    assert transport.sock is ours
    transport.write(b"Hello")
    assert theirs.recv(5) == b"Hello"
    transport.close()
    assert ours.fileno() == -1
    theirs.close()

    ours, theirs = socket.socketpair()
    transport = TSocket("127.0.0.1", 1)
    transport.set_handle(ours)
    assert transport.is_open()
    theirs.sendall(b"World")
    assert transport.read(5) == b"World"
    transport.close()
    theirs.close()


def test_open_again():
    with listening() as server:
        client = TSocket("127.0.0.1", port_of(server))
        client.open()
        first = client.sock
        client.open()
        assert first.fileno() == -1
        server.accept().close()
        accepted = server.accept()
        assert_talk(client, accepted)
        client.close()
        client.open()
        server.accept().close()
        client.close()
        accepted.close()


class Stubborn:
    """A socket whose `shutdown` or `close` fails."""

    def __init__(self, fails):
        self.fails = fails
        self.called = []

    def shutdown(self, how):
        self.called.append("shutdown")
        if self.fails == "shutdown":
            raise OSError

    def close(self):
        self.called.append("close")
        if self.fails == "close":
            raise OSError


@pytest.mark.parametrize("fails", ["shutdown", "close"])
def test_close_with_errors(fails):
    for transport in (TSocket(), TServerSocket()):
        sock = Stubborn(fails)
        transport.sock = sock
        transport.close()
        assert sock.called == ["shutdown", "close"]
        assert transport.sock is None
