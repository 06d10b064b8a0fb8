"""Serving calls without our servers: `process` raises what is no answer, its sibling answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import wsgiref.simple_server
import wsgiref.util

import fastthrift.http
import pytest
import thriftpy2.protocol
import thriftpy2.thrift
import thriftpy2.transport
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.contrib.aio.protocol import TAsyncBinaryProtocol
from fastthrift.contrib.aio.socket import TAsyncSocket
from fastthrift.contrib.aio.transport import TAsyncBufferedTransport
from fastthrift.contrib.tracking import TrackerBase, TTrackedProcessor
from fastthrift.protocol import TBinaryProtocol
from fastthrift.thrift import (
    TApplicationException,
    TMessageType,
    TMultiplexedProcessor,
    TProcessor,
)
from fastthrift.transport import (
    TBufferedTransport,
    TMemoryBuffer,
    TSocket,
)
from support import aio as aio_support
from support.rpc import PATIENCE, Calls, Handler, client_of, make_server, serving

CALL, REPLY, EXCEPTION, ONEWAY = (
    TMessageType.CALL,
    TMessageType.REPLY,
    TMessageType.EXCEPTION,
    TMessageType.ONEWAY,
)


class Traced(TProcessor):
    """A processor as applications write them: it looks at what a call raises."""

    def __init__(self, *args):
        super().__init__(*args)
        self.raised = []

    def process(self, iprot, oprot):
        try:
            super().process(iprot, oprot)
        except Exception as error:
            self.raised.append(error)
            raise


class Broken(TProcessor):
    """Raises something of its own before it has read anything, or after."""

    def process(self, iprot, oprot):
        self.process_in(iprot)
        raise LookupError("the password")


def request(method, *args, kind=CALL, service=Calls, name=None, seqid=9):
    trans = TMemoryBuffer()
    proto = TBinaryProtocol(trans)
    proto.write_message_begin(name or method, kind, seqid)
    getattr(service, f"{method}_args")(*args).write(proto)
    proto.write_message_end()
    return bytes(trans.getvalue())


def answer_in(data):
    """Name, type, sequence id, and the result or the exception."""
    proto = TBinaryProtocol(TMemoryBuffer(data))
    name, kind, seqid = proto.read_message_begin()
    body = TApplicationException() if kind == EXCEPTION else getattr(Calls, f"{name}_result")()
    body.read(proto)
    return name, kind, seqid, body


def processed(processor, data, **kwargs):
    """What `process_and_answer` returns and writes."""
    out = TMemoryBuffer()
    iprot, oprot = TBinaryProtocol(TMemoryBuffer(data)), TBinaryProtocol(out)
    goes_on = processor.process_and_answer(iprot, oprot, **kwargs)
    return goes_on, bytes(out.getvalue())


# process raises


def test_process_raises_as_thriftpy2s_does():
    """Wrappers rely on it."""
    for thrift, protocol, transport in (
        (thriftpy2.thrift, thriftpy2.protocol, thriftpy2.transport),
        (fastthrift.thrift, fastthrift.protocol, fastthrift.transport),
    ):
        processor = thrift.TProcessor(Calls, Handler())
        data = request("fail", "the password")
        out = transport.TMemoryBuffer()
        with pytest.raises(KeyError):
            processor.process(
                protocol.TBinaryProtocol(transport.TMemoryBuffer(data)),
                protocol.TBinaryProtocol(out),
            )
        assert out.getvalue() == b""


# and its sibling answers


@pytest.mark.difference("undeclared-exceptions")
@pytest.mark.parametrize("processor_class", [TProcessor, Traced, Broken])
def test_undeclared_exceptions(processor_class, caplog):
    processor = processor_class(Calls, Handler())
    goes_on, data = processed(processor, request("fail", "the password"), peer="10.0.0.1:5")
    name, kind, seqid, error = answer_in(data)
    assert (goes_on, name, kind, seqid) == (True, "fail", EXCEPTION, 9)
    assert error.type == TApplicationException.INTERNAL_ERROR
    assert error.message == "Internal error processing fail"
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("fastthrift.server", logging.ERROR)
    assert record.getMessage() == "Error processing fail, called from 10.0.0.1:5"
    assert "the password" in str(record.exc_info[1])
    if processor_class is Traced:
        assert [type(error) for error in processor.raised] == [KeyError]


def test_answers_are_as_those_of_process():
    processor = TProcessor(Calls, Handler())
    for method, *args in (("add", 1, 2), ("check", 1), ("returns_none",), ("nothing",)):
        out = TMemoryBuffer()
        data = request(method, *args)
        processor.process(TBinaryProtocol(TMemoryBuffer(data)), TBinaryProtocol(out))
        assert processed(processor, data) == (True, out.getvalue())


def test_results_that_cannot_be_encoded():
    goes_on, data = processed(TProcessor(Calls, Handler()), request("returns_text"))
    assert goes_on
    assert answer_in(data)[3].message == "Internal error processing returns_text"


def test_oneway_calls_get_no_answer(caplog):
    processor = TProcessor(Calls, Handler())
    assert processed(processor, request("note", "hello", kind=ONEWAY)) == (True, b"")
    assert processed(processor, request("note", "fail", kind=ONEWAY)) == (True, b"")
    assert "Error processing note, called from an unknown peer" in caplog.text


class Refusing(Handler):
    def note(self, text):
        super().note(text)
        if text == "refuse":
            raise TApplicationException(TApplicationException.INTERNAL_ERROR, text)


class OwnReading(TProcessor):
    def process_in(self, iprot):
        return super().process_in(iprot)


def multiplexed(processor):
    several = TMultiplexedProcessor()
    several.register_processor("Calls", processor)
    return several


@pytest.mark.parametrize(
    ("processor", "name"),
    [
        (TProcessor(Calls, Refusing()), "note"),
        (OwnReading(Calls, Refusing()), "note"),
        (TTrackedProcessor(TrackerBase("client"), Calls, Refusing()), "note"),
        (multiplexed(TProcessor(Calls, Refusing())), "Calls:note"),
    ],
    ids=["plain", "own process_in", "tracked", "multiplexed"],
)
def test_no_answer_to_a_oneway_call_that_an_older_client_sends_as_any_other(processor, name):
    for text in ("hello", "fail", "refuse"):
        sent = request("note", text, kind=CALL, name=name)
        assert processed(processor, sent) == (True, b"")


def test_arguments_that_cannot_be_read(caplog):
    data = request("echo", "hello")[:-4]
    goes_on, answer = processed(TProcessor(Calls, Handler()), data + b"\xff" * 9)
    assert not goes_on
    assert answer == b"" or answer_in(answer)[3].type == TApplicationException.PROTOCOL_ERROR
    broken = request("echo", "hello").replace(b"\0\0\0\5hello", b"\xff\xff\xff\xffhello")
    goes_on, answer = processed(TProcessor(Calls, Handler()), broken)
    name, kind, seqid, error = answer_in(answer)
    assert (goes_on, name, kind, seqid) == (False, "echo", EXCEPTION, 9)
    assert error.type == TApplicationException.PROTOCOL_ERROR
    assert error.message == "The arguments of echo cannot be read"


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\0"])
def test_what_is_no_message_gets_no_answer(data):
    assert processed(TProcessor(Calls, Handler()), data) == (False, b"")


def test_what_is_refused_and_unknown():
    processor = TProcessor(Calls, Handler())
    for data, text in (
        (request("add", 1, 2, kind=REPLY), "Invalid message type: add came with type 2"),
        (request("add", 1, 2, name="unheard"), "Unknown method unheard"),
    ):
        goes_on, answer = processed(processor, data)
        assert goes_on
        assert answer_in(answer)[3].message.startswith(text)


def test_several_services():
    processor = TMultiplexedProcessor()
    processor.register_processor("Calls", TProcessor(Calls, Handler()))
    goes_on, answer = processed(processor, request("fail", "x", name="Calls:fail"))
    assert (goes_on, answer_in(answer)[3].message) == (True, "Internal error processing fail")
    goes_on, answer = processed(processor, request("fail", "x"))
    name, kind, _, error = answer_in(answer)
    assert (goes_on, name, kind) == (True, "fail", EXCEPTION)
    assert error.message.startswith("Service name not found in message")


def test_exits_and_interrupts_are_not_answered():
    class Exiting(Handler):
        def nothing(self):
            raise SystemExit(3)

    with pytest.raises(SystemExit):
        processed(TProcessor(Calls, Exiting()), request("nothing"))


# For whom it is made


def test_a_worker_that_serves_connections_by_itself():
    """As gunicorn_thrift does."""
    listener = socket.create_server(("127.0.0.1", 0))
    processor = Traced(Calls, Handler())

    def work():
        connection, _ = listener.accept()
        connection.settimeout(PATIENCE)
        trans = TBufferedTransport(TSocket(sock=connection))
        proto = TBinaryProtocol(trans)
        while processor.process_and_answer(proto, proto):
            pass
        trans.close()

    thread = threading.Thread(target=work)
    thread.start()
    with client_of(listener.getsockname()[1]) as client:
        for _ in range(2):
            assert client.add(1, 2) == 3
            with pytest.raises(TApplicationException, match="Internal error processing fail"):
                client.fail("x")
    thread.join(PATIENCE)
    listener.close()
    assert not thread.is_alive()
    # The end of the connection is no error of a call.
    assert [type(error) for error in processor.raised] == [KeyError, KeyError]


def test_another_dialect_that_comes_with_a_call_is_named(caplog):
    ours, theirs = socket.socketpair()
    trans = TBufferedTransport(TSocket(sock=ours))
    proto = TBinaryProtocol(trans)
    processor = TProcessor(Calls, Handler())
    with theirs, contextlib.closing(trans):
        ours.settimeout(PATIENCE)
        theirs.sendall(request("add", 1, 2) + b"\x82\x21\x01\x03add\x00")
        assert processor.process_and_answer(proto, proto)
        assert not processor.process_and_answer(proto, proto)
    (text,) = [record.getMessage() for record in caplog.records]
    assert "which sent an unframed compact message, this server expects the binary" in text


def test_a_wsgi_view():
    processor = TProcessor(Calls, Handler())

    def view(environ, start_response):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        out = TMemoryBuffer()
        processor.process_and_answer(TBinaryProtocol(TMemoryBuffer(body)), TBinaryProtocol(out))
        start_response("200 OK" if out.getvalue() else "400 Bad Request", [])
        return [bytes(out.getvalue())]

    class Quiet(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *args):
            """Nothing of it."""

    with wsgiref.simple_server.make_server("127.0.0.1", 0, view, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port = server.server_port
            with fastthrift.http.client_context(Calls, "127.0.0.1", port) as client:
                assert client.add(1, 2) == 3
                with pytest.raises(TApplicationException, match="Internal error processing fail"):
                    client.fail("x")
        finally:
            server.shutdown()
            thread.join(PATIENCE)


def test_servers_answer_for_processors_that_only_have_a_process():
    """By the very rules: so a processor may be anything."""

    class Alone:
        def process(self, iprot, oprot):
            TProcessor(Calls, Handler()).process(iprot, oprot)

    with serving(make_server(processor=Alone())) as port, client_of(port) as client:
        with pytest.raises(TApplicationException, match="Internal error processing fail"):
            client.fail("x")
        assert client.add(1, 2) == 3


# asyncio


async def processed_async(processor, data, **kwargs):
    """As `processed`, over a connection."""
    left, right = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=left)
    trans = await connected(right)
    proto = TAsyncBinaryProtocol(trans)
    try:
        writer.write(data)
        writer.write_eof()
        goes_on = await processor.process_and_answer(proto, proto, **kwargs)
        trans.close()
        return goes_on, await reader.read()
    finally:
        trans.close()
        writer.close()
        await asyncio.gather(
            trans._trans.wait_closed(), writer.wait_closed(), return_exceptions=True
        )


async def connected(sock):
    trans = TAsyncBufferedTransport(TAsyncSocket(sock=sock))
    await trans.open()
    return trans


def test_undeclared_exceptions_with_asyncio(caplog):
    async def main():
        processor = TAsyncProcessor(Calls, Handler())
        goes_on, data = await processed_async(
            processor, request("fail", "the password"), peer="10.0.0.1:5"
        )
        name, kind, seqid, error = answer_in(data)
        assert (goes_on, name, kind, seqid) == (True, "fail", EXCEPTION, 9)
        assert error.message == "Internal error processing fail"
        assert await processed_async(processor, b"GET / HTTP/1.1\r\n\r\n") == (False, b"")
        assert await processed_async(processor, b"") == (False, b"")
        goes_on, data = await processed_async(processor, request("add", 1, 2))
        assert (goes_on, answer_in(data)[3].success) == (True, 3)
        several = TAsyncMultiplexedProcessor()
        several.register_processor("Calls", processor)
        goes_on, data = await processed_async(several, request("fail", "x", name="Calls:fail"))
        assert (goes_on, answer_in(data)[3].message) == (True, "Internal error processing fail")

    aio_support.run(main())
    assert "Error processing fail, called from 10.0.0.1:5" in caplog.text


def test_no_answer_of_asyncio_to_a_oneway_call_that_is_sent_as_any_other():
    async def main():
        several = TAsyncMultiplexedProcessor()
        several.register_processor("Calls", TAsyncProcessor(Calls, Refusing()))
        for text in ("hello", "fail", "refuse"):
            sent = request("note", text, kind=CALL, name="Calls:note")
            assert await processed_async(several, sent) == (True, b"")

    aio_support.run(main())


def test_cancellation_passes_through_with_asyncio():
    async def main():
        waiting = asyncio.Event()

        class Waiting(Handler):
            async def nothing(self):
                waiting.set()
                await asyncio.Event().wait()

        processor = TAsyncProcessor(Calls, Waiting())
        task = asyncio.ensure_future(processed_async(processor, request("nothing")))
        await asyncio.wait_for(waiting.wait(), PATIENCE)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert aio_support.run(main())
