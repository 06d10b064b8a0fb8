"""Calls that go wrong: the client never returns the answer of another call."""

import asyncio
import contextlib
import functools
import io
import socket
import struct
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import fastthrift
import pytest
from fastthrift import ClientPool, DeadlineExceeded, deadline
from fastthrift.contrib.aio.rpc import make_client as make_aio_client
from fastthrift.protocol import TBinaryProtocol, TBinaryProtocolFactory
from fastthrift.protocol.exc import TProtocolException
from fastthrift.rpc import client_context, make_client
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TException,
    TMessageType,
    TProcessor,
)
from fastthrift.transport import (
    TBufferedTransportFactory,
    TMemoryBuffer,
    TServerSocket,
    TSocket,
    TTransportException,
)
from support.rpc import (
    PATIENCE,
    Calls,
    Handler,
    client_of,
    i32_result,
    make_server,
    message,
    receive_call,
    scripted_peer,
    serving,
)


def assert_closed(client):
    with pytest.raises(TTransportException, match="did not finish") as caught:
        client.add(1, 2)
    assert caught.value.type == TTransportException.NOT_OPEN


def test_no_answer_of_an_earlier_call_after_a_timeout():
    handler = Handler()
    with serving(make_server(handler)) as port, client_of(port, socket_timeout=200) as client:
        with pytest.raises(TTransportException) as caught:
            client.wait(41)
        assert caught.value.type == TTransportException.TIMED_OUT
        assert isinstance(caught.value, socket.timeout)
        assert isinstance(caught.value, TimeoutError)
        assert "200 ms" in caught.value.message
        handler.go_on.set()
        assert_closed(client)
        assert_closed(client)
        client._iprot.trans.trans.set_timeout(PATIENCE * 1000)
        client._iprot.trans.open()
        assert client.add(1, 2) == 3


def test_slow_answer_that_a_new_connection_does_not_get():
    handler = Handler()
    with serving(make_server(handler)) as port:
        with (
            pytest.raises(TimeoutError),
            client_context(Calls, "127.0.0.1", port, socket_timeout=200) as client,
        ):
            client.wait(1)
        handler.go_on.set()
        with client_of(port) as client:
            assert client.wait(2) == 2


def answer(make_reply):
    """A script that reads one call and sends what `make_reply` makes of its name and seqid."""

    def script(connection):
        connection.sendall(make_reply(*receive_call(connection)))
        # Until the client has closed the connection.
        while connection.recv(1):
            pass

    return script


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        (
            lambda name, seqid: message(name, seqid - 1, i32_result(5)),
            TApplicationException.BAD_SEQUENCE_ID,
            "carries id 0",
        ),
        (
            lambda name, seqid: message(name, 0, i32_result(5)),
            TApplicationException.BAD_SEQUENCE_ID,
            "Bad sequence ID",
        ),
        (
            lambda name, seqid: message("subtract", seqid, i32_result(5)),
            TApplicationException.WRONG_METHOD_NAME,
            "a call of add is for 'subtract'",
        ),
        (
            lambda name, seqid: message(name, seqid, i32_result(5), TMessageType.CALL),
            TApplicationException.INVALID_MESSAGE_TYPE,
            "has type 1",
        ),
        (
            lambda name, seqid: message(name, seqid + 7, b"\0", TMessageType.EXCEPTION),
            TApplicationException.BAD_SEQUENCE_ID,
            "Bad sequence ID",
        ),
    ],
)
def test_reply_that_does_not_belong_to_the_call(reply, kind, text):
    with scripted_peer(answer(reply)) as port, client_of(port) as client:
        with pytest.raises(TApplicationException, match=text) as caught:
            client.add(1, 2)
        assert caught.value.type == kind
        assert_closed(client)


def test_reply_with_the_service_before_the_method():
    reply = answer(lambda name, seqid: message("Calls:" + name, seqid, i32_result(5)))
    with scripted_peer(reply) as port, client_of(port) as client:
        assert client.add(1, 2) == 5


@pytest.mark.parametrize("size", range(23))
def test_half_an_answer_and_then_the_end(size):
    def script(connection):
        reply = message(*receive_call(connection), i32_result(5))
        assert len(reply) == 23
        connection.sendall(reply[:size])

    with scripted_peer(script) as port, client_of(port) as client:
        with pytest.raises(TTransportException) as caught:
            client.add(1, 2)
        assert caught.value.type == TTransportException.END_OF_FILE
        assert_closed(client)


def test_connection_broken_off():
    def script(connection):
        receive_call(connection)
        # Makes close() send a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with scripted_peer(script) as port, client_of(port) as client:
        with pytest.raises(TTransportException) as caught:
            client.add(1, 2)
        assert isinstance(caught.value, ConnectionResetError)
        assert_closed(client)


def test_answer_that_is_no_message():
    garbage = answer(lambda name, seqid: b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with scripted_peer(garbage) as port, client_of(port) as client:
        with pytest.raises(TProtocolException):
            client.add(1, 2)
        assert_closed(client)


def test_sequence_ids_grow_and_wrap():
    seen = []

    def script(connection):
        for _ in range(4):
            name, seqid = receive_call(connection)
            seen.append(seqid)
            connection.sendall(message(name, seqid, i32_result(5)))

    with scripted_peer(script) as port, client_of(port) as client:
        client.add(1, 2)
        client.add(1, 2)
        client._seqid = 2**31 - 2
        client.add(1, 2)
        client.add(1, 2)
    assert seen == [1, 2, 2**31 - 1, 1]


class Interrupted(BaseException):
    """Stands for KeyboardInterrupt and gevent's GreenletExit."""


def test_exception_while_waiting_for_the_answer():
    class InterruptedSocket(TSocket):
        interrupt = False

        def read(self, sz):
            if self.interrupt:
                raise Interrupted
            return super().read(sz)

    with serving(make_server()) as port:
        sock = InterruptedSocket("127.0.0.1", port)
        trans = TBufferedTransportFactory().get_transport(sock)
        trans.open()
        client = TClient(Calls, TBinaryProtocolFactory().get_protocol(trans))
        assert client.add(1, 2) == 3
        sock.interrupt = True
        with pytest.raises(Interrupted):
            client.add(3, 4)
        assert not sock.is_open()
        assert_closed(client)
        sock.interrupt = False
        trans.open()
        assert client.add(5, 6) == 11
        client.close()


def test_exception_while_sending():
    """Whatever it is: part of the call may be on its way."""

    class Full(TSocket):
        full = False

        def write(self, buf):
            if self.full:
                super().write(buf[:5])
                raise TException("no more room")
            super().write(buf)

    with serving(make_server()) as port:
        sock = Full("127.0.0.1", port)
        trans = TBufferedTransportFactory().get_transport(sock)
        trans.open()
        client = TClient(Calls, TBinaryProtocolFactory().get_protocol(trans))
        sock.full = True
        with pytest.raises(TException, match="TException"):
            client.add(1, 2)
        assert not sock.is_open()
        assert_closed(client)
        client.close()


def test_lost_server_is_noticed_and_the_others_in_line_are_told():
    """Threads that wait for their turn do not get answers of a broken connection."""
    handler = Handler()
    outcomes = []
    with serving(make_server(handler)) as port, client_of(port, socket_timeout=500) as client:

        def call(method, *args):
            try:
                outcomes.append(method(*args))
            except TTransportException as error:
                outcomes.append(error.type)

        first = threading.Thread(target=call, args=(client.wait, 1))
        first.start()
        assert handler.waiting.wait(PATIENCE)
        second = threading.Thread(target=call, args=(client.add, 1, 2))
        second.start()
        first.join(PATIENCE)
        second.join(PATIENCE)
        handler.go_on.set()
    assert outcomes == [TTransportException.TIMED_OUT, TTransportException.NOT_OPEN]


def test_call_from_within_a_call(monkeypatch):
    """A signal handler, say, that uses the client which it interrupts."""
    with serving(make_server()) as port, client_of(port) as client:
        with monkeypatch.context() as patch:
            patch.setattr(Calls.echo_args, "write", lambda self, oprot: client.add(1, 2))
            with pytest.raises(RuntimeError, match=r"Calls\.add\(\) was called while this client"):
                client.echo("x")
        assert client.add(1, 2) == 3


FORKING = """
import os, select, socket, sys, time
from fastthrift._calls.progress import IDLE
from support.rpc import Calls, client_of
from fastthrift.protocol import TBinaryProtocol
from fastthrift.thrift import TClient
from fastthrift.transport import TBufferedTransport, TSocket, TTransportException

port = int(sys.argv[1])
"""


def test_a_forked_child_has_a_connection_of_its_own():
    """And says nothing on that of its parent, which goes on with it."""
    program = (
        FORKING
        + """
with client_of(port) as client:
    print(client.add(1, 2), flush=True)
    at = client._iprot.trans.trans.sock.getsockname()
    if os.fork() == 0:
        print(*[client.add(each, 100) for each in range(200)][-1:], flush=True)
        print(client._iprot.trans.trans.sock.getsockname() != at, flush=True)
        client.close()
        os._exit(0)
    print(os.wait()[1])
    print(client.add(3, 4), client._iprot.trans.trans.sock.getsockname() == at)
"""
    )
    assert forking(program) == ["3", "299", "True", "0", "7", "True"]


def test_a_forked_child_of_a_client_of_this_host_has_a_connection_of_its_own():
    """The empty name is one."""
    program = (
        FORKING
        + """
trans = TBufferedTransport(TSocket("", port, socket_timeout=None))
trans.open()
client = TClient(Calls, TBinaryProtocol(trans))
print(client.add(1, 2), flush=True)
at = trans.trans.sock.getsockname()
if os.fork() == 0:
    print(client.add(3, 4), trans.trans.sock.getsockname() != at, flush=True)
    os._exit(0)
print(os.wait()[1], client.add(5, 6))
"""
    )
    assert forking(program) == ["3", "7", "True", "0", "11"]


def test_a_forked_child_and_its_parent_on_a_socket_that_was_given():
    """Neither takes the other's answer, although both started with the same client."""
    program = (
        FORKING
        + """
given = socket.create_connection(("127.0.0.1", port))
trans = TBufferedTransport(TSocket(sock=given))
client = TClient(Calls, TBinaryProtocol(trans))
print(client.add(1, 2), flush=True)
if os.fork() == 0:
    client._recv = lambda api: os._exit(0)
    client.add(100, 200)
os.wait()
# Until the child's answer has come, and the connection counts as idle: then it is seen that
# something is there that nobody has asked for.
select.select([given], [], [])
time.sleep(2 * IDLE)
try:
    print(client.add(3, 4))
except TTransportException as error:
    print(error.type)
"""
    )
    assert forking(program) == ["3", str(TTransportException.NOT_OPEN)]


def forking(program):
    with serving(make_server()) as port:
        command = [sys.executable, "-c", program, str(port)]
        output = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
        )
    return output.stdout.split()


class Recording(TClient):
    """A subclass as applications write them."""

    def __init__(self, *args):
        super().__init__(*args)
        self.seen = []

    def _req(self, _api, *args, **kwargs):
        self.seen.append(("req", _api))
        return super()._req(_api, *args, **kwargs)

    def _send(self, _api, **kwargs):
        self.seen.append(("send", _api, kwargs))
        return super()._send(_api, **kwargs)

    def _recv(self, _api):
        self.seen.append(("recv", _api))
        return super()._recv(_api)


def connect(port, client_class):
    trans = TBufferedTransportFactory().get_transport(
        TSocket("127.0.0.1", port, socket_timeout=PATIENCE * 1000)
    )
    trans.open()
    return client_class(Calls, TBinaryProtocolFactory().get_protocol(trans))


def test_parts_of_a_call_can_be_overridden():
    with serving(make_server()) as port:
        client = connect(port, Recording)
        assert client.add(1, b=2) == 3
        assert client.note("x") is None
        assert client.seen == [
            ("req", "add"),
            ("send", "add", {"a": 1, "b": 2}),
            ("recv", "add"),
            ("req", "note"),
            ("send", "note", {"text": "x"}),
        ]
        client.add = functools.partial(client._req, "subtract")
        assert client.add(5, 3) == 2
        client.close()


def test_replies_raised_by_a_subclass_leave_the_connection_open():
    class Own(TClient):
        def _recv(self, _api):
            _, kind, _ = self._iprot.read_message_begin()
            assert kind == TMessageType.REPLY
            result = getattr(self._service, _api + "_result")()
            result.read(self._iprot)
            self._iprot.read_message_end()
            if getattr(result, "missing", None) is not None:
                raise result.missing
            return getattr(result, "success", None)

    with serving(make_server()) as port:
        client = connect(port, Own)
        with pytest.raises(Calls.check_result.thrift_spec[1][2]):
            client.check(1)
        assert client.add(1, 2) == 3
        client.close()


def test_sending_and_receiving_apart():
    """Pipelining by hand, as it works with thriftpy2."""
    with serving(make_server()) as port:
        client = connect(port, TClient)
        client._send("add", a=1, b=2)
        client._send("echo", text="x")
        assert client._recv("add") == 3
        assert client._recv("echo") == "x"
        assert client.add(3, 4) == 7
        client.close()


def recorded(text, seqid):
    """A request as it was once sent."""
    taken = TMemoryBuffer()
    client = TClient(Calls, TBinaryProtocol(taken))
    client._seqid = seqid
    client._send("echo", text=text)
    return taken.getvalue()


@pytest.mark.parametrize("seqid", [0, 1, 77])
def test_a_request_that_was_sent_in_a_way_of_its_own(seqid):
    """Whoever replays what he has recorded reads the reply by `_recv`, whatever its id is."""
    with serving(make_server()) as port:
        client = connect(port, TClient)
        for text in ("a", "b"):
            client._oprot.trans.write(recorded(text, seqid))
            client._oprot.trans.flush()
            assert client._recv("echo") == text
            assert client.echo("own") == "own"
        client.close()


def test_a_reply_that_cannot_be_read_is_the_last_one():
    """The rest of it is not taken for the reply to the next call."""
    with serving(make_server()) as port:
        client = connect(port, TClient)
        client._send("echo", text="first")
        client._send("echo", text="second")
        with pytest.raises(TApplicationException, match="the reply to a call of add is for 'echo'"):
            client._recv("add")
        assert not client.is_open
        with pytest.raises(TTransportException, match=r"a call of Calls\.add\(\) did not finish"):
            client.echo("third")
        client.reopen()
        assert client.echo("third") == "third"
        client._send("check", code=1)
        with pytest.raises(Calls.check_result.thrift_spec[1][2]):
            client._recv("check")
        assert client.echo("fourth") == "fourth"
        client.close()


#: The start of a message of the binary protocol.
BEGUN = b"\x80\x01\x00\x02"

CLIENT_AT_ITS_END = """
import functools, io, os, socket, sys, threading, time
import fastthrift
from fastthrift.rpc import make_client
from fastthrift.thrift import TClient
from fastthrift.transport import TBufferedTransportFactory, TFramedTransportFactory

calls = fastthrift.load_fp(io.StringIO("service C { i32 take(1: string text) }"), "c_thrift")
port, size = map(int, sys.argv[1:3])
control = socket.create_connection(("127.0.0.1", port))
factory = TFramedTransportFactory() if sys.argv[4] == "framed" else TBufferedTransportFactory()
client = make_client(calls.C, "127.0.0.1", port, timeout=None, trans_factory=factory)
if sys.argv[3] == "general":
    # What is overridden is used, and so are the public methods of protocols and transports. A
    # function of this program would keep its names alive, as long as it is being called.
    client._send = functools.partial(TClient._send, client)
    client._recv = functools.partial(TClient._recv, client)
threading.Thread(target=client.take, args=("x" * size,), daemon=True).start()
"""

# The servers end what waits for a call, before the interpreter comes to its end.
PROCESSOR_AT_ITS_END = """
import io, os, socket, sys, threading, time, types
import fastthrift
from fastthrift.protocol import TBinaryProtocol
from fastthrift.thrift import TProcessor
from fastthrift.transport import TBufferedTransport, TFramedTransport, TSocket

calls = fastthrift.load_fp(io.StringIO("service C { i32 take(1: string text) }"), "c_thrift")
port = int(sys.argv[1])
control = socket.create_connection(("127.0.0.1", port))
connection = TSocket(sock=socket.create_connection(("127.0.0.1", port)))
trans = (TFramedTransport if sys.argv[2] == "framed" else TBufferedTransport)(connection)
prot = TBinaryProtocol(trans)
processor = TProcessor(calls.C, types.SimpleNamespace(take=len))
threading.Thread(target=processor.process_and_answer, args=(prot, prot), daemon=True).start()
"""

#: Takes a second for its end, when it has nothing left to do.
SLOW_TO_END = """
control.recv(1)


class SlowToEnd:
    def __del__(self, sleep=time.sleep, write=os.write):
        sleep(1)
        write(1, b"ended")


slow_to_end = SlowToEnd()
"""


@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize("way", ["native", "general"])
@pytest.mark.parametrize(
    ("size", "before", "after"),
    [
        pytest.param(1, b"", BEGUN, id="waits"),
        pytest.param(20_000_000, b"", BEGUN, id="sends"),
        pytest.param(1, BEGUN, b"\0", id="reads"),
    ],
)
def test_program_ends_while_a_daemon_thread_is_in_a_call(size, before, after, way, transport):
    """It waits for the answer, or to send a call that the buffers of the sockets cannot hold, or
    for the rest of an answer. At its end the interpreter stops daemon threads that come back to
    it, by unwinding their stacks up to 3.13. A process with native code on such a stack does not
    live to its end, unless that code stops the thread itself."""
    with (
        ending_program(CLIENT_AT_ITS_END, size, way, transport) as (listener, control),
        listener.accept()[0] as connection,
    ):
        assert connection.recv(100)
        connection.sendall(framed(before, transport))
        # Nothing shows when the thread has read it, and waits for more.
        time.sleep(0.3 if before else 0)
        end(control, connection, after if before else framed(after, transport))


@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize("before", [b"", BEGUN], ids=["waits", "reads"])
def test_program_ends_while_a_daemon_thread_serves(before, transport):
    """It waits for a call, or for the rest of one."""
    with (
        ending_program(PROCESSOR_AT_ITS_END, transport) as (listener, control),
        listener.accept()[0] as connection,
    ):
        connection.sendall(framed(before, transport))
        # Nothing shows when the thread waits, and has read what there was.
        time.sleep(0.3)
        end(control, connection, b"\0" if before else framed(BEGUN, transport))


def end(control, connection, after: bytes) -> None:
    """Lets the program come to its end, and sends more to its thread in the middle of that."""
    control.sendall(b"1")
    # The program has nothing left to do, and takes a second for its end.
    time.sleep(0.4)
    connection.sendall(after)
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(1 << 20):
            pass


def framed(data: bytes, transport: str) -> bytes:
    """The start of a frame, where the transport has frames and there is a start."""
    return struct.pack(">I", 1000) + data if data and transport == "framed" else data


@contextlib.contextmanager
def ending_program(program, *arguments):
    """Runs a program that comes to its end by itself, once it is told over its first connection;
    gives that and the listener it was accepted from."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, "-c", program + SLOW_TO_END, str(port), *map(str, arguments)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            with listener.accept()[0] as control:
                yield listener, control
            assert process.communicate(timeout=120)[0] == b"ended"
            assert process.returncode == 0


def test_a_client_tells_whether_it_is_open_and_can_be_opened_again():
    handler = Handler()
    with serving(make_server(handler)) as port, client_of(port, socket_timeout=200) as client:
        assert client.is_open is True
        with pytest.raises(TTransportException):
            client.wait(41)
        assert client.is_open is False
        with pytest.raises(TTransportException, match=r"reopen\(\)"):
            client.add(1, 2)
        handler.go_on.set()
        client._iprot.trans.trans.set_timeout(PATIENCE * 1000)
        client.reopen()
        assert client.is_open is True
        assert client.add(1, 2) == 3
        # Of one that is open it makes a new connection.
        before = client._iprot.trans.trans.sock
        client.reopen()
        assert client.add(3, 4) == 7
        assert client._iprot.trans.trans.sock is not before
    assert client.is_open is False
    with pytest.raises(TTransportException) as caught:
        client.reopen()
    assert caught.value.type == TTransportException.NOT_OPEN


def test_methods_of_the_service_come_before_those_of_the_client():
    module = fastthrift.load_fp(
        io.StringIO("service Doors { bool is_open(1: i32 door), i32 reopen(1: i32 door) }"),
        "doors_thrift",
    )
    processor = TProcessor(
        module.Doors, types.SimpleNamespace(is_open=lambda door: door > 1, reopen=lambda door: door)
    )
    with (
        serving(make_server(processor=processor)) as port,
        client_of(port, module.Doors) as client,
    ):
        assert client.is_open(2) is True
        assert client.reopen(7) == 7


def test_a_connection_that_the_server_has_closed_while_it_was_idle_says_so():
    handler = Handler()
    trans = TServerSocket("127.0.0.1", 0, client_timeout=500)
    with serving(make_server(handler, trans=trans)) as port, client_of(port) as client:
        assert client.add(1, 2) == 3
        sock = client._iprot.trans.trans
        while not sock.has_arrived():
            time.sleep(0.05)
        with pytest.raises(TTransportException, match=r"while it was idle, and nothing") as caught:
            client.note("late")
        assert caught.value.type == TTransportException.NOT_OPEN
        assert caught.value.message.endswith(
            f"(Calls.note() at 127.0.0.1:{port}; the request was not sent)"
        )
        assert caught.value.request_sent is False
        client.reopen()
        client.note("in time")
        assert handler.noted.wait(PATIENCE)
        assert handler.notes == ["in time"]


def test_with_auto_reopen_a_closed_connection_is_opened_again_before_anything_is_sent():
    handler = Handler()
    trans = TServerSocket("127.0.0.1", 0, client_timeout=500)
    with (
        serving(make_server(handler, trans=trans)) as port,
        client_of(port, auto_reopen=True) as client,
    ):
        for number in range(3):
            assert client.add(number, 1) == number + 1
            before = client._iprot.trans.trans.sock
            while not client._iprot.trans.trans.has_arrived():
                time.sleep(0.05)
            client.note(str(number))
            assert client._iprot.trans.trans.sock is not before
        assert client.add(1, 2) == 3
    assert handler.notes == ["0", "1", "2"]


def test_with_auto_reopen_the_call_after_one_that_failed_has_a_connection_of_its_own():
    handler = Handler()
    with serving(make_server(handler)) as port:
        with client_of(port, auto_reopen=True, socket_timeout=200) as client:
            with pytest.raises(TTransportException) as caught:
                client.wait(1)
            assert caught.value.request_sent is True
            client._iprot.trans.trans.set_timeout(PATIENCE * 1000)
            assert client.add(1, 2) == 3
            # It is not for a client that its owner has closed.
            client.close()
            with pytest.raises(TTransportException):
                client.add(1, 2)
        handler.go_on.set()


def test_with_auto_reopen_a_server_that_is_gone_is_not_open():
    with serving(make_server()) as port:
        client = make_client(Calls, "127.0.0.1", port, auto_reopen=True)
        assert client.add(1, 2) == 3
    while not client._iprot.trans.trans.has_arrived():
        time.sleep(0.05)
    time.sleep(0.1)  # idle
    with pytest.raises(TTransportException) as caught:
        client.add(1, 2)
    assert caught.value.type == TTransportException.NOT_OPEN
    with serving(make_server(trans=TServerSocket("127.0.0.1", port))):
        assert client.add(3, 4) == 7
    client.close()


def test_with_auto_reopen_in_asyncio():
    async def main(port):
        async with await make_aio_client(
            Calls, "127.0.0.1", port, timeout=PATIENCE * 1000, auto_reopen=True
        ) as client:
            assert await client.add(1, 2) == 3
            sock = client._iprot.trans._trans
            while not sock.has_arrived():
                await asyncio.sleep(0.05)
            assert await client.add(3, 4) == 7
            with deadline(0.2), pytest.raises(DeadlineExceeded):
                await client.wait(1)
            assert await client.add(5, 6) == 11

    handler = Handler()
    trans = TServerSocket("127.0.0.1", 0, client_timeout=300)
    with serving(make_server(handler, trans=trans)) as port:
        try:
            asyncio.run(main(port))
        finally:
            handler.go_on.set()


def test_an_error_names_the_call_and_its_peer_and_whether_it_was_sent():
    handler = Handler()
    with serving(make_server(handler)) as port:
        with client_of(port, socket_timeout=100) as client:
            with pytest.raises(TTransportException) as caught:
                client.wait(1)
            error = caught.value
            assert (error.service, error.method) == ("Calls", "wait")
            assert error.peer == f"127.0.0.1:{port}"
            assert f"(Calls.wait() at 127.0.0.1:{port}; the request was sent)" in error.message
            with pytest.raises(TTransportException) as caught:
                client.add(1, 2)
            assert caught.value.method == "add"
            assert caught.value.request_sent is False
        handler.go_on.set()
    pool = ClientPool(Calls, f"tcp://127.0.0.1:{port}", name="calc")
    with pytest.raises(TTransportException) as caught:
        pool.add(1, 2)
    error = caught.value
    assert (error.client, error.service, error.method) == ("calc", "Calls", "add")
    assert error.message.startswith("calc: Could not connect to ('127.0.0.1', ")
    assert error.message.endswith(
        f"(Calls.add() at tcp://127.0.0.1:{port}; the request was not sent)"
    )
    # What it knows of the call is said once.
    assert "method=" not in repr(error)
