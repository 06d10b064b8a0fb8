"""Two sides that do not speak the same: what the client raises and the server logs says so."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
import time

import pytest
import thrift.protocol.TBinaryProtocol
import thrift.protocol.TCompactProtocol
import thrift.transport.TSocket
import thrift.transport.TTransport
import trustme
from fastthrift._calls.mismatch import advise, explain
from fastthrift.contrib.aio import http as aio_http
from fastthrift.contrib.aio.http import TAsyncMemoryBuffer
from fastthrift.http import make_client as make_http_client
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocol,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
    TMultiplexedProtocol,
)
from fastthrift.protocol.exc import TProtocolException
from fastthrift.server import TSimpleServer, TThreadedServer
from fastthrift.thrift import TClient
from fastthrift.transport import (
    TBufferedTransport,
    TBufferedTransportFactory,
    TFramedTransport,
    TFramedTransportFactory,
    TMemoryBuffer,
    TSSLServerSocket,
    TTransportException,
)
from support import aio as aio_support
from support.rpc import (
    PATIENCE,
    Calls,
    Handler,
    client_of,
    i32_result,
    make_server,
    message,
    receive,
    scripted_peer,
    serving,
)

PROTOCOLS = {
    "binary": TBinaryProtocolFactory(),
    "compact": TCompactProtocolFactory(),
    "JSON": TJSONProtocolFactory(),
    "Apache JSON": TApacheJSONProtocolFactory(),
}
TRANSPORTS = {"unframed": TBufferedTransportFactory(), "framed": TFramedTransportFactory()}

HINT = "do both sides use the same protocol and transport?"

# What the client speaks, what the server does, and what the server logs of it.
MISMATCHES = [
    (
        ("binary", "unframed"),
        ("binary", "framed"),
        "an unframed binary message, this server expects frames:",
    ),
    (
        ("binary", "framed"),
        ("binary", "unframed"),
        "a framed binary message, this server expects messages without frames:",
    ),
    (
        ("compact", "unframed"),
        ("binary", "unframed"),
        "an unframed compact message, this server expects the binary protocol:",
    ),
    (
        ("compact", "framed"),
        ("binary", "framed"),
        "a framed compact message, this server expects the binary protocol:",
    ),
    (
        ("binary", "unframed"),
        ("compact", "unframed"),
        "an unframed binary message, this server expects the compact protocol:",
    ),
    (
        ("compact", "unframed"),
        ("binary", "framed"),
        "an unframed compact message, this server expects frames of the binary protocol:",
    ),
    (
        ("binary", "framed"),
        ("compact", "unframed"),
        "a framed binary message, this server expects messages without frames of the compact "
        "protocol:",
    ),
    (
        ("JSON", "unframed"),
        ("binary", "unframed"),
        "an unframed JSON message, this server expects the binary protocol:",
    ),
    (
        ("Apache JSON", "unframed"),
        ("binary", "unframed"),
        "an unframed Apache JSON message, this server expects the binary protocol:",
    ),
    (
        ("Apache JSON", "framed"),
        ("compact", "framed"),
        "a framed Apache JSON message, this server expects the compact protocol:",
    ),
    (
        ("binary", "unframed"),
        ("Apache JSON", "unframed"),
        "an unframed binary message, this server expects the Apache JSON protocol:",
    ),
    (
        ("binary", "unframed"),
        ("JSON", "unframed"),
        "an unframed binary message, this server expects the JSON protocol:",
    ),
]
# asyncio has two protocols.
AIO_MISMATCHES = [case for case in MISMATCHES if "JSON" not in f"{case[0]}{case[1]}"]


def sync_factories(side, trans="trans_factory", proto="proto_factory"):
    protocol, transport = side
    return {proto: PROTOCOLS[protocol], trans: TRANSPORTS[transport]}


def aio_names(side):
    protocol, transport = side
    return {
        "protocol": protocol,
        "transport": "buffered" if transport == "unframed" else transport,
    }


@contextlib.contextmanager
def sync_server(side, server_class=TThreadedServer):
    server = make_server(
        server_class=server_class, **sync_factories(side, "itrans_factory", "iprot_factory")
    )
    with serving(server) as port:
        yield port


def assert_hung_up(error, call):
    assert error.type == TTransportException.END_OF_FILE
    assert f"the server hung up without answering {call}: {HINT}" in error.message


@pytest.mark.parametrize("server_class", [TThreadedServer, TSimpleServer])
@pytest.mark.parametrize(("client_side", "server_side", "logged"), MISMATCHES)
def test_both_sides_are_told(client_side, server_side, logged, server_class, caplog):
    with (
        sync_server(server_side, server_class) as port,
        client_of(port, **sync_factories(client_side)) as client,
        pytest.raises(TTransportException) as caught,
    ):
        client.add(1, 2)
    assert_hung_up(caught.value, "Calls.add()")
    # The text that callers have looked for since thriftpy is still its beginning.
    assert caught.value.message.startswith(("TSocket read 0 bytes: ", "Connection reset by peer: "))
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "Closing the connection of 127.0.0.1:" in record.getMessage()
    assert f", which sent {logged}" in record.getMessage()


@pytest.mark.parametrize(("client_side", "server_side", "logged"), AIO_MISMATCHES)
def test_both_sides_are_told_with_asyncio(client_side, server_side, logged, caplog):
    async def main():
        async with (
            aio_support.serving(**aio_names(server_side)) as server,
            aio_support.client_of(server, **aio_names(client_side)) as client,
        ):
            with pytest.raises(TTransportException) as caught:
                await client.add(1, 2)
            return caught.value

    assert_hung_up(aio_support.run(main()), "Calls.add()")
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert f", which sent {logged}" in record.getMessage()


def apache_client(port, protocol, transport):
    sock = thrift.transport.TSocket.TSocket("127.0.0.1", port)
    sock.setTimeout(PATIENCE * 1000)
    trans = getattr(thrift.transport.TTransport, f"T{transport}Transport")(sock)
    module = getattr(thrift.protocol, f"T{protocol}Protocol")
    trans.open()
    return trans, getattr(module, f"T{protocol}Protocol")(trans)


@pytest.mark.parametrize(
    ("protocol", "transport", "logged"),
    [
        ("Binary", "Framed", "a framed binary message, this server expects messages without"),
        ("Compact", "Buffered", "an unframed compact message, this server expects the binary"),
    ],
)
def test_a_client_of_apaches(protocol, transport, logged, caplog):
    with sync_server(("binary", "unframed")) as port:
        trans, proto = apache_client(port, protocol, transport)
        proto.writeMessageBegin("add", 1, 1)
        proto.writeStructBegin("add_args")
        proto.writeFieldStop()
        proto.writeStructEnd()
        proto.writeMessageEnd()
        trans.flush()
        with pytest.raises((thrift.transport.TTransport.TTransportException, EOFError, OSError)):
            proto.readMessageBegin()
        trans.close()
    assert f"which sent {logged}" in caplog.text


FOREIGN = [
    (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", "an HTTP request, this server expects messages"),
    (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "an HTTP request, this server expects messages"),
    (b"\x16\x03\x01\x02\x00" + bytes(40), "a TLS handshake, this server expects connections with"),
    (b"\x01\0\0\0\5PLAIN\2\0\0\0\4\0a\0b", "a SASL negotiation, this server expects messages with"),
    (b"\0\0\0\x20\x0f\xff" + bytes(30), "a framed THeader message, this server expects"),
    (b"EHLO mail.example\r\n", "an SMTP greeting, this server expects messages of Thrift"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH greeting, this server expects messages of Thrift"),
    (b"status\r\n", "text, this server expects messages of Thrift"),
    (
        b"\0\0\0\x0d\0\0\0\3add\1\0\0\0\1\0",
        "a framed binary message without a version, this server expects",
    ),
]
# asyncio takes its length for that of a frame, and looks no further.
UNFRAMED_WITHOUT_VERSION = (
    b"\0\0\0\3add\1\0\0\0\1\0",
    "an unframed binary message without a version, this server expects",
)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("data", "logged"), [*FOREIGN, UNFRAMED_WITHOUT_VERSION])
def test_what_is_no_thrift(data, logged, transport, caplog):
    with sync_server(("binary", transport)) as port:
        send_and_wait(port, data)
    assert f"which sent {logged}" in caplog.text


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("data", "logged"), FOREIGN)
def test_what_is_no_thrift_with_asyncio(data, logged, transport, caplog):
    async def main():
        async with aio_support.serving(**aio_names(("binary", transport))) as server:
            port = aio_support.port_of(server)
            await aio_support.asyncio.to_thread(send_and_wait, port, data)

    aio_support.run(main())
    assert f"which sent {logged}" in caplog.text


def drip(connection, data):
    """Send the first bytes one by one, so that each is read alone, and the rest."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for each in data[:24]:
            connection.sendall(bytes((each,)))
            time.sleep(0.002)
        connection.sendall(data[24:])


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("data", "logged"), [*FOREIGN, UNFRAMED_WITHOUT_VERSION])
def test_what_comes_byte_by_byte_is_told_as_well(data, logged, transport, caplog):
    with sync_server(("binary", transport)) as port:
        send_and_wait(port, data, drip)
    assert f"which sent {logged}" in caplog.text


@pytest.mark.parametrize(("client_side", "server_side", "logged"), MISMATCHES)
def test_messages_that_come_byte_by_byte_are_told_as_well(client_side, server_side, logged, caplog):
    protocol, transport = client_side
    sent = TMemoryBuffer()
    client = TClient(
        Calls, PROTOCOLS[protocol].get_protocol(TRANSPORTS[transport].get_transport(sent))
    )
    client._send("add", a=1, b=2)
    with sync_server(server_side) as port:
        send_and_wait(port, sent.getvalue(), drip)
    assert f"which sent {logged}" in caplog.text


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("data", "logged"), FOREIGN)
def test_what_comes_byte_by_byte_is_told_with_asyncio(data, logged, transport, caplog):
    async def main():
        async with aio_support.serving(**aio_names(("binary", transport))) as server:
            port = aio_support.port_of(server)
            await aio_support.asyncio.to_thread(send_and_wait, port, data, drip)

    aio_support.run(main())
    assert f"which sent {logged}" in caplog.text


def test_calls_that_come_byte_by_byte_are_made():
    message = b"\x80\x01\0\1\0\0\0\3add\0\0\0\7\x08\0\1\0\0\0\5\x08\0\2\0\0\0\1\0"
    with (
        sync_server(("binary", "unframed")) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as connection,
    ):
        for _ in range(2):
            drip(connection, message)
            answer = receive(connection, 23)
            assert answer[-5:-1] == b"\0\0\0\6"


def send_and_wait(port, data, send=socket.socket.sendall):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        with contextlib.suppress(OSError):
            send(connection, data)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""


def test_a_message_that_is_only_broken_is_not_said_to_be_of_another_protocol(caplog):
    with sync_server(("binary", "unframed")) as port:
        send_and_wait(port, b"\x80\x01\0\1\xff\xff\xff\xff")
    assert "which sent what is no message: TMalformedDataException" in caplog.text


def test_a_tls_server_says_that_it_got_no_handshake(tmp_path, caplog):
    certificate = tmp_path / "server.pem"
    issued = trustme.CA().issue_cert("localhost")
    certificate.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    trans = TSSLServerSocket(
        "localhost", 0, client_timeout=PATIENCE * 1000, certfile=str(certificate)
    )
    with serving(make_server(trans=trans)) as port:
        with client_of(port) as client, pytest.raises((TTransportException, TProtocolException)):
            client.add(1, 2)
        send_and_drain(port, b"GET / HTTP/1.1\r\n\r\n")
    sent = "which sent no TLS handshake, this server expects encrypted connections: SSLError"
    assert caplog.text.count(sent) == 2


def send_and_drain(port, data):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(4096):
                pass


# The client's side


def answering(data, send=socket.socket.sendall):
    def script(connection):
        connection.recv(65536)
        send(connection, data)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass

    return script


ANSWERS = [
    (
        b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(100),
        "an HTTP response, this client expects messages without HTTP around them",
    ),
    (b"\x15\x03\x01\0\2\2\x0a", "a TLS alert, this client expects connections without encryption"),
    (b"\x82\x41\x01\x03add\0", "an unframed compact message, this client expects the binary"),
    (
        b"\0\0\0\x17\x80\x01\0\2\0\0\0\3add\0\0\0\1\x08\0\0\0\0\0\5\0",
        "a framed binary message, this client expects messages without frames",
    ),
    (b'[1,"add",2,1,{"0":{"i32":5}}]', "an unframed Apache JSON message, this client expects the"),
]


@pytest.mark.parametrize("send", [socket.socket.sendall, drip], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(("data", "text"), ANSWERS)
def test_answers_of_another_protocol(data, text, send):
    with scripted_peer(answering(data, send)) as port, client_of(port) as client:
        with pytest.raises(TProtocolException) as caught:
            client.add(1, 2)
        assert text in str(caught.value)
        # And what was wrong with the bytes.
        assert "version" in str(caught.value)


@pytest.mark.parametrize("drips", [False, True], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(("data", "text"), ANSWERS)
def test_answers_of_another_protocol_with_asyncio(data, text, drips):
    async def script(reader, writer):
        await reader.read(65536)
        for each in range(24 if drips else 0):
            writer.write(data[each : each + 1])
            await asyncio.sleep(0.002)
        writer.write(data[24 if drips else 0 :])
        writer.write_eof()
        await reader.read()

    async def main():
        async with (
            aio_support.scripted_peer(script) as port,
            aio_support.client_of(port) as client,
        ):
            with pytest.raises(TProtocolException) as caught:
                await client.add(1, 2)
            return str(caught.value)

    assert text in aio_support.run(main())


def test_a_framed_client_that_is_answered_without_frames():
    data = b"\x80\x01\0\2\0\0\0\3add\0\0\0\1\x08\0\0\0\0\0\5\0"
    with (
        scripted_peer(answering(data)) as port,
        client_of(port, trans_factory=TFramedTransportFactory()) as client,
        pytest.raises((TProtocolException, TTransportException)) as caught,
    ):
        client.add(1, 2)
    assert "an unframed binary message, this client expects frames" in caught.value.message


def test_a_hang_up_after_an_answer_is_no_mismatch():
    """Most of the time the server has closed a connection that was idle."""

    def script(connection):
        connection.recv(65536)
        connection.sendall(b"\x80\x01\0\2\0\0\0\3add\0\0\0\1\x08\0\0\0\0\0\5\0")
        connection.recv(65536)

    with scripted_peer(script) as port, client_of(port) as client:
        assert client.add(2, 3) == 5
        with pytest.raises(TTransportException) as caught:
            client.add(1, 2)
    assert HINT not in caught.value.message
    assert (
        "the server hung up without answering Calls.add(): it may close connections that are "
        "idle, or have stopped" in caught.value.message
    )


def test_a_client_that_another_thread_closes_while_it_waits_says_so():
    handler = Handler()
    with serving(make_server(handler)) as port, client_of(port) as client:

        def close():
            handler.waiting.wait(PATIENCE)
            client.close()
            handler.go_on.set()

        closing = threading.Thread(target=close)
        closing.start()
        with pytest.raises(TTransportException) as caught:
            client.wait(1)
        closing.join()
        client.reopen()
        assert client.add(1, 2) == 3
    assert caught.value.type == TTransportException.END_OF_FILE
    assert "this side closed the connection while Calls.wait() waited for its answer" in (
        caught.value.message
    )


def test_a_hang_up_in_the_middle_of_an_answer():
    data = b"\x80\x01\0\2\0\0\0\3add"
    with (
        scripted_peer(answering(data)) as port,
        client_of(port) as client,
        pytest.raises(TTransportException) as caught,
    ):
        client.add(1, 2)
    assert "the server hung up in the middle of its answer to Calls.add()" in caught.value.message


def test_a_hang_up_in_the_middle_of_an_answer_with_asyncio():
    async def script(reader, writer):
        await reader.read(65536)
        writer.write(b"\x80\x01\0\2\0\0\0\3add")
        writer.write_eof()
        await reader.read()

    async def main():
        async with (
            aio_support.scripted_peer(script) as port,
            aio_support.client_of(port) as client,
        ):
            with pytest.raises(TTransportException) as caught:
                await client.add(1, 2)
            return caught.value.message

    assert "the server hung up in the middle of its answer to Calls.add()" in aio_support.run(
        main()
    )


def test_a_plain_client_of_a_tls_server_is_told(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = tmp_path / "server.pem"
    issued = trustme.CA().issue_cert("localhost")
    certificate.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    context.load_cert_chain(certificate)

    def script(connection):
        with contextlib.suppress(OSError):
            context.wrap_socket(connection, server_side=True)

    with (
        scripted_peer(script) as port,
        client_of(port) as client,
        pytest.raises((TTransportException, TProtocolException)) as caught,
    ):
        client.add(1, 2)
    # OpenSSL may send an alert before it hangs up, or not.
    assert HINT in caught.value.message or "a TLS alert" in caught.value.message


def test_a_timeout_is_no_mismatch():
    go_on = threading.Event()

    def script(connection):
        assert go_on.wait(PATIENCE)

    with (
        scripted_peer(script) as port,
        client_of(port, socket_timeout=100) as client,
    ):
        with pytest.raises(TTransportException) as caught:
            client.add(1, 2)
        go_on.set()
    assert caught.value.type == TTransportException.TIMED_OUT
    assert HINT not in caught.value.message


def answer_in_frames(connection):
    """One of a server that makes frames of the compact protocol, to whatever comes."""
    connection.recv(1000)
    connection.sendall(b"\0\0\0\x0c" + b"\x82\x41\1\3add\5\0\6\0\0")
    connection.recv(1000)


def test_a_client_is_told_which_factories_to_use():
    with scripted_peer(answer_in_frames) as port, client_of(port) as client:
        with pytest.raises((TProtocolException, TTransportException)) as caught:
            client.add(1, 2)
        assert caught.value.message.count(
            "a framed compact message, this client expects messages without frames of the binary "
            "protocol; use TFramedTransportFactory and TCompactProtocolFactory"
        )


@pytest.mark.parametrize(
    ("side", "opening", "advice"),
    [
        (("binary", "unframed"), b"\0\0\0\x18\x80\x01\0\2\0\0\0\3", "TFramedTransportFactory"),
        (("binary", "framed"), b"\x80\x01\0\2\0\0\0\3add", "TBufferedTransportFactory"),
        (("compact", "unframed"), b"\x80\x01\0\2\0\0\0\3add", "TBinaryProtocolFactory"),
        (("binary", "unframed"), b"\x80\x01\0\2\0\0\0\3add", None),
        (("binary", "unframed"), b"HTTP/1.1 400 Bad", None),
    ],
)
def test_which_factories_speak_as_the_other_side(side, opening, advice):
    protocol, transport = side
    trans = TRANSPORTS[transport].get_transport(TMemoryBuffer())
    found = advise(opening, PROTOCOLS[protocol].get_protocol(trans))
    assert found == (advice and f"use {advice}")


JSON_MESSAGE = b'{"metadata": {"name"'


@pytest.mark.parametrize(
    ("transport", "opening", "advice"),
    [
        ("buffered", b"\0\0\1\0" + JSON_MESSAGE, "TAsyncJSONProtocolFactory"),
        ("buffered", b'[1,"add",2,1,{"0":{"i', "TAsyncApacheJSONProtocolFactory"),
        (
            "buffered",
            b'\0\0\0\x30[1,"add",2,1,{"0":{"i',
            "TAsyncFramedTransportFactory and TAsyncApacheJSONProtocolFactory",
        ),
        (
            "buffered",
            b"\0\0\1\4\0\0\1\0" + JSON_MESSAGE,
            "TAsyncFramedTransportFactory and TAsyncJSONProtocolFactory",
        ),
    ],
)
def test_which_factories_of_asyncio_speak_as_the_other_side(transport, opening, advice):
    factories = aio_support.aio_factories("binary", transport)
    trans = factories["trans_factory"].get_transport(TAsyncMemoryBuffer())
    assert advise(opening, factories["proto_factory"].get_protocol(trans)) == f"use {advice}"


def test_what_does_not_answer_with_http_is_told_in_a_line():
    reply = message("add", 1, i32_result(3))

    def answer(connection):
        # All of it, whose end is that of a struct: what nobody has read resets the connection.
        request = b""
        while not request.endswith(b"\0"):
            came = connection.recv(10_000)
            assert came
            request += came
        connection.sendall(reply)

    async def add_by_asyncio(port):
        client = await aio_http.make_client(Calls, url=f"http://127.0.0.1:{port}/")
        return await client.add(1, 2)

    with (
        scripted_peer(answer) as port,
        pytest.raises(TTransportException) as caught,
        contextlib.closing(make_http_client(Calls, url=f"http://127.0.0.1:{port}/")) as client,
    ):
        client.add(1, 2)
    where = f"http://127.0.0.1:{port}/ does not answer with HTTP"
    assert caught.value.message.startswith(f"{where}: an unframed binary message (")
    with scripted_peer(answer) as port, pytest.raises(TTransportException) as caught:
        asyncio.run(add_by_asyncio(port))
    where = f"http://127.0.0.1:{port}/ does not answer with HTTP"
    assert caught.value.message.startswith(f"{where}: Bad status line (")


# What the bytes are taken for


def test_protocols_of_the_caller_are_not_judged():
    class Own:
        trans = TFramedTransport(TMemoryBuffer())

    assert explain(b"\x80\x01\0\1\0\0\0\3", Own(), "server") == (
        "an unframed binary message, this server expects frames"
    )
    Own.trans = TMemoryBuffer()
    assert explain(b"\x80\x01\0\1\0\0\0\3", Own(), "server") is None


def test_a_multiplexed_protocol_is_the_one_beneath():
    proto = TMultiplexedProtocol(TBinaryProtocol(TBufferedTransport(TMemoryBuffer())), "Calls")
    assert explain(b"\x82\x21\1\3add", proto, "client") == (
        "an unframed compact message, this client expects the binary protocol"
    )
    assert explain(b"\x80\x01\0\2\0\0\0\3", proto, "client") is None


def test_a_message_without_a_version_is_that_of_a_protocol_that_takes_it():
    data = b"\0\0\0\3add\1\0\0\0\1\0"
    wanted = "the binary protocol with versions (strict_read)"
    for strict, framed, text in [
        (True, False, wanted),
        (True, True, f"frames of {wanted}"),
        (False, True, "frames"),
        (False, False, None),
    ]:
        trans = (TFramedTransport if framed else TBufferedTransport)(TMemoryBuffer())
        found = explain(data, TBinaryProtocol(trans, strict_read=strict), "server")
        if text is None:
            assert found is None
        else:
            start = "an unframed binary message without a version, this server expects"
            assert found == f"{start} {text}"
    assert "the compact protocol" in explain(data, TCompactProtocol(TMemoryBuffer()), "server")


@pytest.mark.parametrize("data", [None, b"", b"\x80", b"\x80\x01\0", b"\0\0\0\x08", b"\xff" * 24])
def test_bytes_that_do_not_tell(data):
    proto = TBinaryProtocol(TFramedTransport(TMemoryBuffer()))
    assert explain(data, proto, "server") is None
