"""Servers: errors of handlers, bad peers, and custom parts."""

import contextlib
import errno
import logging
import pickle
import socket
import struct
import threading
import traceback

import pytest
from fastthrift.protocol import TBinaryProtocol
from fastthrift.server import TNonblockingServer, TServer, TSimpleServer, TThreadedServer
from fastthrift.thrift import TApplicationException, TMessageType, TProcessor, TProcessorFactory
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TServerSocket,
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
    module,
    port_of,
    receive,
    serving,
)

LOGGER = "fastthrift.server"
both_transports = pytest.mark.parametrize(
    "trans_factory", [TBufferedTransportFactory, TFramedTransportFactory]
)
every_server = pytest.mark.parametrize(
    "server_class", [TSimpleServer, TThreadedServer, TNonblockingServer]
)


def wait_for_log(caplog, text):
    """The record with this text; servers log in their own threads."""
    pause = threading.Event()
    for _ in range(PATIENCE * 20):
        for record in list(caplog.records):
            if text in record.getMessage():
                return record
        pause.wait(0.05)
    raise AssertionError(f"not logged: {text!r}; but: {caplog.text}")


def assert_internal_error(call, method):
    with pytest.raises(TApplicationException) as caught:
        call()
    assert caught.value.type == TApplicationException.INTERNAL_ERROR
    assert caught.value.message == f"Internal error processing {method}"


@every_server
def test_undeclared_exception(server_class, caplog):
    with serving(make_server(server_class=server_class)) as port, client_of(port) as client:
        for _ in range(2):
            assert_internal_error(lambda: client.fail("the password"), "fail")
            assert client.add(1, 2) == 3
        host, own_port = client._iprot.trans.sock.getsockname()
    records = [record for record in caplog.records if record.name == LOGGER]
    assert len(records) == 2
    for record in records:
        assert record.levelno == logging.ERROR
        assert record.getMessage() == f"Error processing fail, called from {host}:{own_port}"
        assert record.exc_info[0] is KeyError
        assert record.exc_info[2] is not None


def test_connection_errors_of_a_handler_are_its_own():
    """A handler that cannot reach its database has not lost its client."""

    class Unlucky(Handler):
        errors = iter(
            [
                TTransportException(TTransportException.END_OF_FILE),
                ConnectionResetError(),
                EOFError(),
            ]
        )

        def nothing(self):
            raise next(self.errors)

    with serving(make_server(Unlucky())) as port, client_of(port) as client:
        for _ in range(3):
            assert_internal_error(client.nothing, "nothing")
        assert client.add(1, 2) == 3


def test_application_exception_of_a_handler_is_sent_as_it_is(caplog):
    class Refusing(Handler):
        def nothing(self):
            raise TApplicationException(TApplicationException.UNKNOWN, "not today")

    with serving(make_server(Refusing())) as port, client_of(port) as client:
        with pytest.raises(TApplicationException, match=r"^not today \(") as caught:
            client.nothing()
        assert caught.value.type == TApplicationException.UNKNOWN
        assert client.add(1, 2) == 3
    assert caplog.records == []


def test_handler_without_the_method():
    with serving(make_server(object())) as port, client_of(port) as client:
        assert_internal_error(lambda: client.add(1, 2), "add")


@both_transports
def test_result_that_cannot_be_encoded(trans_factory, caplog):
    server = make_server(itrans_factory=trans_factory())
    with serving(server) as port, client_of(port, trans_factory=trans_factory()) as client:
        assert_internal_error(client.returns_text, "returns_text")
        assert client.add(1, 2) == 3
    assert wait_for_log(caplog, "Error processing returns_text").exc_info is not None


@every_server
def test_oneway_call_that_fails(server_class, caplog):
    with serving(make_server(server_class=server_class)) as port, client_of(port) as client:
        client.note("fail")
        assert client.add(1, 2) == 3
        client.note("fail")
        assert client.add(3, 4) == 7
    records = [record for record in caplog.records if "Error processing note" in record.message]
    assert len(records) == 2
    assert records[0].exc_info[0] is ValueError


def test_oneway_call_of_an_unknown_method_gets_no_answer(caplog):
    with (
        serving(make_server()) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as peer,
    ):
        peer.sendall(message("nowhere", 1, b"\0", TMessageType.ONEWAY))
        arguments = struct.pack("!bhi", 8, 1, 2) + struct.pack("!bhi", 8, 2, 3) + b"\0"
        peer.sendall(message("add", 2, arguments, TMessageType.CALL))
        assert receive(peer, 23) == message("add", 2, i32_result(5))
    assert "nowhere" in caplog.text


def read_exception(peer, method, seqid):
    header = message(method, seqid, b"", TMessageType.EXCEPTION)
    assert receive(peer, len(header)) == header
    exception = TApplicationException()

    class Bytes:
        def read(self, size):
            return receive(peer, size)

    TBinaryProtocol(Bytes()).read_struct(exception)
    return exception


@pytest.mark.parametrize(
    "arguments",
    [
        struct.pack("!bhi", 11, 1, -5),  # a string of negative size
        struct.pack("!bh", 99, 1),  # no such type
        struct.pack("!bh", 12, 9) * 100_000,  # nested without end
    ],
)
def test_arguments_that_cannot_be_decoded(arguments, caplog):
    with serving(make_server()) as port:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
            with contextlib.suppress(ConnectionError):
                peer.sendall(message("echo", 7, arguments, TMessageType.CALL))
            answer = read_exception(peer, "echo", 7)
            assert answer.type == TApplicationException.PROTOCOL_ERROR
            assert answer.message == "The arguments of echo cannot be read"
            with contextlib.suppress(ConnectionResetError):
                assert peer.recv(1) == b""
        with client_of(port) as client:
            assert client.add(1, 2) == 3
    record = wait_for_log(caplog, "cannot read the call of echo")
    assert record.levelno == logging.WARNING


def test_a_processor_that_fails_before_it_reads(caplog):
    """The client has sent what is right: its connection ends, and the log has the place."""

    class Mistaken(TProcessor):
        def process(self, iprot, oprot):
            raise KeyError("tenant")

    server = make_server()
    server.processor = Mistaken(Calls, Handler())
    with serving(server) as port, client_of(port) as client, pytest.raises(TTransportException):
        client.add(1, 2)
    record = wait_for_log(caplog, "the processor failed before it had read a call: KeyError")
    assert record.levelno == logging.ERROR
    assert traceback.extract_tb(record.exc_info[2])[-1].name == "process"
    assert "which sent" not in caplog.text


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 100,
        b"\xff" * 100,
        b"\x80\x01\x00\x01\x7f\xff\xff\xff" + b"a" * 50,
    ],
)
@both_transports
def test_garbage_while_others_work(garbage, trans_factory, caplog):
    with (
        serving(make_server(itrans_factory=trans_factory())) as port,
        client_of(port, trans_factory=trans_factory()) as client,
    ):
        assert client.add(1, 2) == 3
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
            name = "{}:{}".format(*peer.getsockname())
            peer.sendall(garbage)
            peer.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while peer.recv(100):
                    pass
        assert client.add(3, 4) == 7
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) <= 1
    assert all(name in record.getMessage() for record in warnings)


def test_garbage_is_logged_once_with_the_peer(caplog):
    with (
        serving(make_server()) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as peer,
    ):
        name = "{}:{}".format(*peer.getsockname())
        peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
        record = wait_for_log(caplog, name)
        assert record.levelno == logging.WARNING
        assert record.exc_info is None
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(1) == b""
    assert len(caplog.records) == 1


@pytest.mark.parametrize("size", [0, 3, 15, 20])
def test_peer_that_leaves_in_the_middle_is_quiet(size, caplog):
    call = message("add", 1, struct.pack("!bhi", 8, 1, 2) + b"\0", TMessageType.CALL)
    with serving(make_server()) as port:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
            peer.sendall(call[:size])
        with client_of(port) as client:
            assert client.add(1, 2) == 3
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_peer_that_leaves_before_its_answer_is_quiet(caplog):
    handler = Handler()
    caplog.set_level(logging.DEBUG, LOGGER)
    with serving(make_server(handler)) as port:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            argument = struct.pack("!bhi", 8, 1, 2) + b"\0"
            peer.sendall(message("wait", 1, argument, TMessageType.CALL))
            assert handler.waiting.wait(PATIENCE)
        handler.go_on.set()
        with client_of(port) as client:
            assert client.add(1, 2) == 3
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_idle_connection_is_closed_quietly(caplog):
    trans = TServerSocket("127.0.0.1", 0, client_timeout=50)
    with (
        serving(make_server(trans=trans)) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as peer,
    ):
        assert peer.recv(1) == b""
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_handler_that_exits_does_not_end_its_thread(caplog):
    class Exiting(Handler):
        def nothing(self):
            raise SystemExit(1)

    with serving(make_server(Exiting())) as port, client_of(port) as client:
        assert_internal_error(client.nothing, "nothing")
        assert client.add(1, 2) == 3
    assert wait_for_log(caplog, "Error processing nothing").exc_info[0] is SystemExit


@pytest.mark.parametrize("factory", ["get_transport", "get_protocol"])
def test_factory_that_fails_closes_the_connection(factory, caplog):
    class Failing:
        def get_transport(self, trans):
            raise LookupError("no such part")

        get_protocol = get_transport

    part = "itrans_factory" if factory == "get_transport" else "iprot_factory"
    with (
        serving(make_server(**{part: Failing()})) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as peer,
    ):
        assert peer.recv(1) == b""
        record = wait_for_log(caplog, "failed")
        assert record.exc_info[0] is LookupError


class Brittle(TProcessor):
    """As applications wrap processors: it raises what it likes, before and after the call."""

    def process(self, iprot, oprot):
        super().process(iprot, oprot)
        raise PermissionError("not your call")


class Own:
    """Has only `process`, and reads by itself."""

    def process(self, iprot, oprot):
        name, _, _ = iprot.read_message_begin()
        args = getattr(Calls, name + "_args")()
        args.read(iprot)
        iprot.read_message_end()
        raise PermissionError("not your call")


class Checking(TProcessor):
    def process(self, iprot, oprot):
        # What code around processors does with protocols.
        assert isinstance(iprot, TBinaryProtocol)
        assert iprot.trans.is_open()
        iprot.trans = iprot.trans
        api, seqid, result, call = self.process_in(iprot)
        if api == "nothing":
            raise PermissionError("not your call")
        result.success = call()
        self.send_result(oprot, api, result, seqid)


def test_processor_with_its_own_process(caplog):
    checking = Checking(Calls, Handler())
    with serving(make_server(processor=checking)) as port, client_of(port) as client:
        assert_internal_error(client.nothing, "nothing")
        assert client.add(1, 2) == 3
    with serving(make_server(processor=Own())) as port, client_of(port) as client:
        for _ in range(2):
            assert_internal_error(client.nothing, "nothing")


def test_processor_that_fails_after_its_answer(caplog):
    """A second answer would be taken for that of the next call."""
    with serving(make_server(processor=Brittle(Calls, Handler()))) as port:
        with client_of(port) as client:
            assert client.add(1, 2) == 3
            with pytest.raises(TTransportException):
                client.add(3, 4)
        assert wait_for_log(caplog, "after add was answered").exc_info[0] is PermissionError


def test_process_raises_undeclared_exceptions():
    """Code that wraps `process` relies on it."""
    seen = []

    class Wrapped(TProcessor):
        def process(self, iprot, oprot):
            try:
                TProcessor.process(self, iprot, oprot)
            except TTransportException:
                raise  # the end of the connection
            except Exception as error:
                seen.append(type(error))
                raise

    wrapped = Wrapped(Calls, Handler())
    with serving(make_server(processor=wrapped)) as port, client_of(port) as client:
        assert_internal_error(lambda: client.fail("x"), "fail")
        with pytest.raises(module.NotFound):
            client.check(1)
    assert seen == [KeyError]


def test_server_with_its_own_handle():
    """A processor per connection, as tracking servers have it."""

    class PerConnection(TThreadedServer):
        def __init__(self, factory, *args):
            super().__init__(None, *args)
            self.factory = factory

        def handle(self, client):
            processor = self.factory.get_processor()
            itrans = self.itrans_factory.get_transport(client)
            iprot = self.iprot_factory.get_protocol(itrans)
            with contextlib.suppress(TTransportException):
                while True:
                    processor.process(iprot, iprot)
            itrans.close()

    trans = TServerSocket("127.0.0.1", 0, client_timeout=None)
    trans.listen()
    server = PerConnection(TProcessorFactory(TProcessor, Calls, Handler()), trans)
    with serving(server) as port, client_of(port) as client:
        assert client.add(1, 2) == 3
        # Closing ends the idle connection of a `handle` that knows nothing of it.


class Troubled(TServerSocket):
    """Its `accept` fails some times before it works."""

    def __init__(self, *errors):
        super().__init__("127.0.0.1", 0)
        self.errors = list(errors)
        self.tries = 0

    def accept(self):
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return super().accept()


@pytest.mark.parametrize("server_class", [TSimpleServer, TThreadedServer])
def test_accept_that_fails_for_a_while(server_class, caplog):
    trans = Troubled(
        OSError(errno.EMFILE, "Too many open files"),
        OSError(errno.EMFILE, "Too many open files"),
        OSError(errno.ECONNABORTED, "Software caused connection abort"),
        OSError(errno.EHOSTUNREACH, "No route to host"),
        ValueError("bad handshake"),
    )
    with (
        serving(make_server(server_class=server_class, trans=trans)) as port,
        client_of(port) as client,
    ):
        assert client.add(1, 2) == 3
    assert trans.tries <= 7
    levels = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in levels] == ["ERROR", "WARNING", "WARNING"]
    assert "Too many open files" in levels[0][1]


def test_accept_on_something_that_does_not_listen():
    trans = Troubled(OSError(errno.EINVAL, "Invalid argument"))
    server = make_server(trans=trans)
    with pytest.raises(OSError, match="Invalid argument"):
        server.serve()
    assert trans.sock is None


def test_thread_that_cannot_be_started(monkeypatch, caplog):
    with serving(make_server()) as port:
        with monkeypatch.context() as patch:

            def refuse(self):
                raise RuntimeError("can't start new thread")

            peer = socket.socket()
            patch.setattr(threading.Thread, "start", refuse)
            peer.connect(("127.0.0.1", port))
            peer.settimeout(PATIENCE)
            assert peer.recv(1) == b""
            peer.close()
        with client_of(port) as client:
            assert client.add(1, 2) == 3
    assert "Cannot start a thread" in caplog.text


def test_attributes_and_defaults():
    processor, trans = TProcessor(Calls, Handler()), TServerSocket("127.0.0.1", 0)
    server = TServer(processor, trans)
    assert server.processor is processor
    assert server.trans is trans
    assert server.otrans_factory is server.itrans_factory
    assert server.oprot_factory is server.iprot_factory
    assert TThreadedServer(processor, trans).daemon is False
    assert TThreadedServer(processor, trans, daemon=True).daemon is True
    assert TThreadedServer(processor, trans).closed is False


def test_server_can_be_sent_to_a_spawned_process():
    server = TThreadedServer(Own(), TServerSocket("127.0.0.1", 0), daemon=True)
    copy = pickle.loads(pickle.dumps(server))
    assert isinstance(copy.processor, Own)
    assert copy.daemon is True
    copy.trans.listen()
    with serving(copy) as port, client_of(port) as client:
        assert_internal_error(client.nothing, "nothing")
    assert server.closed is False


def test_port_in_use():
    first = make_server()
    port = port_of(first)
    with serving(first), client_of(port) as client:
        second = TThreadedServer(TProcessor(Calls, Handler()), TServerSocket("127.0.0.1", port))
        with pytest.raises(OSError, match=f"Cannot listen on .*{port}.* in use") as caught:
            second.serve()
        assert caught.value.errno == errno.EADDRINUSE
        assert client.add(1, 2) == 3
