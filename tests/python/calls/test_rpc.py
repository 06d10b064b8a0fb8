"""Clients against real servers over real sockets: calls, answers, arguments, connections."""

import asyncio
import gc
import io
import socket
import subprocess
import sys
import threading

import fastthrift.rpc
import pytest
from fastthrift import ClientPool
from fastthrift.contrib.aio import rpc as aio_rpc
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.protocol import (
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TMultiplexedProtocolFactory,
)
from fastthrift.rpc import client_context, make_client
from fastthrift.server import TSimpleServer, TThreadedServer
from fastthrift.testing import serve
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TDecodeException,
    TMultiplexedProcessor,
    TProcessor,
)
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TServerSocket,
    TSocket,
    TTransportException,
)
from support.rpc import (
    PATIENCE,
    Calls,
    Handler,
    Other,
    client_of,
    make_server,
    module,
    open_descriptors,
    port_of,
    serving,
)


@pytest.fixture(scope="module")
def port():
    with serving(make_server()) as port:
        yield port


@pytest.fixture
def client(port):
    with client_of(port) as client:
        yield client


@pytest.mark.parametrize("server_class", [TSimpleServer, TThreadedServer])
@pytest.mark.parametrize("trans_factory", [TBufferedTransportFactory, TFramedTransportFactory])
@pytest.mark.parametrize("proto_factory", [TBinaryProtocolFactory, TCompactProtocolFactory])
def test_every_kind_of_answer(server_class, trans_factory, proto_factory):
    handler = Handler()
    factories = {"itrans_factory": trans_factory(), "iprot_factory": proto_factory()}
    person = module.Person(name="Ann", phones=[module.Phone("1", 2), module.Phone()], id=2**40)
    with (
        serving(make_server(handler, server_class, **factories)) as port,
        client_of(port, trans_factory=trans_factory(), proto_factory=proto_factory()) as client,
    ):
        assert client.add(7, 3) == 10
        assert client.add(a=7, b=-10) == -3
        assert client.whoami() == "Calls"
        assert client.echo("grüße" * 30_000) == "grüße" * 30_000
        assert client.numbers(1000) == list(range(1000))
        assert client.person(person) == person
        assert client.nothing() is None
        assert client.check(0) is None
        with pytest.raises(module.NotFound) as caught:
            client.person(module.Person())
        assert caught.value.name == "nobody"
        with pytest.raises(module.Refused) as refused:
            client.check(2)
        assert refused.value.code == 2
        assert client.note("hello") is None
        assert handler.noted.wait(PATIENCE)
        assert handler.notes == ["hello"]
        assert client.add(1, 1) == 2


def test_positional_arguments_follow_the_declaration(client):
    assert client.subtract(10, 3) == 7
    assert client.subtract(10, subtrahend=4) == 6


def test_falsy_results_are_results(client):
    assert client.add(0, 0) == 0
    assert client.echo("") == ""
    assert client.truth(False) is False
    assert client.numbers(0) == []


def test_falsy_declared_exception_is_raised(client, monkeypatch):
    monkeypatch.setattr(module.NotFound, "__bool__", lambda self: False, raising=False)
    with pytest.raises(module.NotFound):
        client.check(1)


def test_none_from_a_method_with_a_result(client):
    with pytest.raises(TApplicationException) as caught:
        client.returns_none()
    assert caught.value.type == TApplicationException.MISSING_RESULT
    assert client.add(1, 2) == 3


def test_unknown_method(port):
    with client_of(port, Other) as client:
        for _ in range(2):
            with pytest.raises(TApplicationException) as caught:
                client.hello("you")
            assert caught.value.type == TApplicationException.UNKNOWN_METHOD


def test_method_named_close_is_called_by_tclose():
    handler = Handler()
    with serving(make_server(handler)) as port, client_of(port) as client:
        assert client.tclose(5) is None
    assert handler.closed_with == [5]


def test_arguments_that_are_called_as_those_of_python():
    idl = "service Named { string join(1: string self, 2: string _api, 3: string args) }"
    service = fastthrift.load_fp(io.StringIO(idl), "named_thrift").Named

    class Joining:
        def join(*given):
            return "".join(given[1:])

    async def joined(url):
        client = await aio_rpc.make_client(service, url=url)
        async with client, AsyncClientPool(service, url) as pool:
            return await client.join(**named), await pool.join(**named)

    named = {"self": "a", "_api": "b", "args": "c"}
    with serve(service, Joining()) as url, ClientPool(service, url) as pool:
        assert pool.join(**named) == "abc"
        with client_context(service, url=url) as client:
            assert client.join(**named) == "abc"
        assert asyncio.run(joined(url)) == ("abc", "abc")


def test_unknown_attribute_and_dir(client):
    with pytest.raises(AttributeError, match="TClient instance has no attribute 'multiply'"):
        _ = client.multiply
    assert dir(client) == sorted(Calls.thrift_services)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda c: c.add(1, 2, c=3),
            r"Calls\.add\(\) got an unexpected keyword argument 'c'.*a, b",
        ),
        (lambda c: c.add(1, 2, 3), r"Calls\.add\(\) takes 2 positional arguments \(a, b\) but 3"),
        (lambda c: c.add(1, 2, a=3), r"Calls\.add\(\) got multiple values for argument 'a'.*a, b"),
        (lambda c: c.nothing(1), r"Calls\.nothing\(\) takes 0 positional arguments \(none\) but 1"),
        (lambda c: c.note("x", txet=1), r"Calls\.note\(\) got an unexpected keyword argument"),
    ],
)
def test_arguments_that_do_not_fit_the_method(client, call, text):
    with pytest.raises(TypeError, match=text):
        call(client)
    assert client.add(1, 2) == 3


def test_none_for_a_positional_argument_means_not_given(client):
    assert client.add(None, 2, a=1) == 3


def test_missing_required_argument(client):
    with pytest.raises(TApplicationException) as caught:
        client.echo()
    assert caught.value.type == TApplicationException.UNKNOWN_METHOD
    assert str(caught.value) == "text is required argument for Calls.echo"


@pytest.mark.parametrize("trans_factory", [TBufferedTransportFactory, TFramedTransportFactory])
def test_argument_that_cannot_be_encoded_leaves_the_connection_usable(trans_factory):
    server = make_server(itrans_factory=trans_factory())
    person = module.Person(name="a" * 20_000, phones=[module.Phone(kind="mobile")])
    with serving(server) as port, client_of(port, trans_factory=trans_factory()) as client:
        for bad in ("seven", 2**31, 0.5):
            with pytest.raises(TDecodeException):
                client.add(1, bad)
            assert client.add(1, 2) == 3
        with pytest.raises(TDecodeException):
            client.person(person)
        assert client.add(3, 4) == 7


def test_argument_that_cannot_be_encoded_on_an_unbuffered_transport(port):
    """Half of the message may be on its way, so the connection cannot be used any more."""

    class Unbuffered:
        def get_transport(self, trans):
            return trans

    with client_of(port, trans_factory=Unbuffered()) as client:
        assert client.add(1, 2) == 3
        with pytest.raises(TDecodeException):
            client.add(1, "seven")
        with pytest.raises(TTransportException) as caught:
            client.add(1, 2)
        assert caught.value.type == TTransportException.NOT_OPEN


@pytest.mark.difference("shared-clients")
def test_eight_threads_share_a_client(client):
    wrong = []

    def work(number):
        for step in range(100):
            a = number * 1000 + step
            answers = client.add(a, number), client.echo(str(a))
            if answers != (a + number, str(a)):
                wrong.append((a, answers))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


def test_separate_input_and_output_protocols(port):
    sock = TSocket("127.0.0.1", port, socket_timeout=PATIENCE * 1000)
    sock.open()
    factory, buffered = TBinaryProtocolFactory(), TBufferedTransportFactory()
    iprot, oprot = (factory.get_protocol(buffered.get_transport(sock)) for _ in range(2))
    client = TClient(Calls, iprot, oprot)
    assert client._iprot is iprot
    assert client._oprot is oprot
    assert client.add(1, 2) == 3
    client.close()
    assert not sock.is_open()


def test_call_after_close(port):
    client = make_client(Calls, "127.0.0.1", port, timeout=PATIENCE * 1000)
    assert client.add(1, 2) == 3
    client.close()
    with pytest.raises(TTransportException) as caught:
        client.add(1, 2)
    assert caught.value.type == TTransportException.NOT_OPEN


def test_multiplexed_services():
    class OtherHandler:
        def hello(self, name):
            return "hello " + name

        def boom(self):
            raise RuntimeError("secret")

    processor = TMultiplexedProcessor()
    processor.register_processor("Calls", TProcessor(Calls, Handler()))
    processor.register_processor("Other", TProcessor(Other, OtherHandler()))
    with pytest.raises(TApplicationException, match="already registered"):
        processor.register_processor("Other", TProcessor(Other, OtherHandler()))

    def proto_factory(name):
        return TMultiplexedProtocolFactory(TBinaryProtocolFactory(), name)

    with serving(make_server(processor=processor)) as port:
        with client_of(port, proto_factory=proto_factory("Calls")) as client:
            assert client.add(1, 2) == 3
        with client_of(port, Other, proto_factory=proto_factory("Other")) as client:
            assert client.hello("you") == "hello you"
            with pytest.raises(TApplicationException) as caught:
                client.boom()
            assert caught.value.type == TApplicationException.INTERNAL_ERROR
            assert caught.value.message == "Internal error processing boom"
            assert client.hello("again") == "hello again"
        for name, service in (("Calls", Other), ("Nobody", Other)):
            with client_of(port, service, proto_factory=proto_factory(name)) as client:
                for _ in range(2):
                    with pytest.raises(TApplicationException) as caught:
                        client.hello("you")
                    assert caught.value.type == TApplicationException.UNKNOWN_METHOD
        with client_of(port) as client:
            for _ in range(2):
                with pytest.raises(TApplicationException, match="Service name not found"):
                    client.add(1, 2)


def test_protocol_of_a_multiplexed_one_has_its_transport(port):
    factory = TMultiplexedProtocolFactory(TBinaryProtocolFactory(), "Calls")
    with client_of(port) as client:
        trans = client._iprot.trans
        protocol = factory.get_protocol(None)
        protocol.trans = trans
        assert protocol.trans is trans
        assert protocol._proto.trans is trans


def test_unix_socket(tmp_path):
    path = str(tmp_path / "calls.sock")
    with (
        serving(make_server(trans=TServerSocket(unix_socket=path))),
        client_context(Calls, unix_socket=path) as client,
    ):
        assert client.add(1, 2) == 3
    assert not (tmp_path / "calls.sock").exists()


def test_ipv6():
    trans = TServerSocket("::1", 0, socket_family=socket.AF_INET6, client_timeout=PATIENCE * 1000)
    with serving(make_server(trans=trans)) as port:
        with client_context(
            Calls, "::1", port, socket_family=socket.AF_INET6, socket_timeout=PATIENCE * 1000
        ) as client:
            assert client.add(1, 2) == 3
        url = f"thrift://[::1]:{port}"
        with client_context(
            Calls, url=url, socket_family=socket.AF_INET6, socket_timeout=PATIENCE * 1000
        ) as client:
            assert client.add(1, 2) == 3


def test_url_takes_precedence(port):
    with client_context(
        Calls, "0.0.0.0", 1, url=f"thrift://127.0.0.1:{port}", socket_timeout=PATIENCE * 1000
    ) as client:
        assert client.add(1, 2) == 3
    client = make_client(Calls, url=f"thrift://127.0.0.1:{port}", timeout=PATIENCE * 1000)
    assert client.add(1, 2) == 3
    client.close()


def test_deprecated_timeout(port):
    with (
        pytest.warns(UserWarning, match="`timeout` deprecated") as caught,
        client_context(Calls, "127.0.0.1", port, timeout=1500) as client,
    ):
        assert client._iprot.trans.sock.gettimeout() == 1.5
    assert caught[0].filename == __file__


def test_certfile_with_a_unix_socket_is_warned_about(tmp_path):
    path = str(tmp_path / "missing.sock")
    with (
        pytest.warns(UserWarning, match="SSL only works") as caught,
        pytest.raises(TTransportException),
    ):
        make_client(Calls, unix_socket=path, certfile="client.pem")
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="SSL only works"):
        fastthrift.rpc.make_server(Calls, Handler(), unix_socket=path, certfile="server.pem")


def test_no_address():
    with pytest.raises(ValueError, match="Either host/port or unix_socket or url"):
        make_client(Calls, port=0)
    with pytest.raises(ValueError, match="Either host/port or unix_socket or url"):
        client_context(Calls, host="").__enter__()
    with pytest.raises(ValueError, match="Either host/port or unix_socket must"):
        fastthrift.rpc.make_server(Calls, Handler(), port=0)


def test_make_server_with_its_defaults(tmp_path):
    server = fastthrift.rpc.make_server(Calls, Handler())
    assert isinstance(server, TThreadedServer)
    assert (server.trans.host, server.trans.port) == ("localhost", 9090)
    assert server.trans.client_timeout == 3
    assert isinstance(server.itrans_factory, TBufferedTransportFactory)
    assert isinstance(server.iprot_factory, TBinaryProtocolFactory)
    path = str(tmp_path / "calls.sock")
    server = fastthrift.rpc.make_server(Calls, Handler(), unix_socket=path)
    server.trans.listen()
    with serving(server), client_context(Calls, unix_socket=path) as client:
        assert client.add(1, 2) == 3


def test_nothing_leaks(port):
    class FailingFactory:
        def get_protocol(self, trans):
            raise LookupError("no protocol")

    class FailingTransport:
        def get_transport(self, trans):
            trans.open()
            raise LookupError("no transport")

    def use(failure=None, **kwargs):
        with client_of(port, **kwargs) as client:
            client.add(1, 2)
            if failure is not None:
                raise failure

    gc.collect()
    before = open_descriptors()
    for _ in range(5):
        use()
        with pytest.raises(ZeroDivisionError):
            use(ZeroDivisionError())
        with pytest.raises(KeyboardInterrupt):
            use(KeyboardInterrupt())
        with pytest.raises(LookupError):
            use(proto_factory=FailingFactory())
        with pytest.raises(LookupError):
            use(trans_factory=FailingTransport())
        for failing in ({"proto_factory": FailingFactory()}, {"trans_factory": FailingTransport()}):
            with pytest.raises(LookupError):
                make_client(Calls, "127.0.0.1", port, **failing)
        with pytest.raises(TTransportException):
            make_client(Calls, unix_socket="/nonexistent/calls.sock")
    # The server's side of these connections is closed by its own threads, a little later.
    deadline = threading.Event()
    for _ in range(200):
        if open_descriptors() <= before:
            break
        deadline.wait(0.05)
    assert open_descriptors() <= before


def test_connection_refused():
    server = make_server()
    port = port_of(server)
    server.close()
    with pytest.raises(TTransportException) as caught:
        make_client(Calls, "127.0.0.1", port)
    assert caught.value.type == TTransportException.NOT_OPEN
    assert caught.value.message == (
        f"Could not connect to ('127.0.0.1', {port}): Connection refused "
        f"(a client of Calls at 127.0.0.1:{port}; the request was not sent)"
    )


def test_importing_rpc_is_light():
    program = (
        "import sys, fastthrift.rpc\n"
        "print([name for name in ('asyncio', 'ssl', 'http') if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "[]"


def test_rpc_has_no_attribute_of_any_name():
    with pytest.raises(AttributeError, match="has no attribute 'make_tea'"):
        _ = fastthrift.rpc.make_tea


def test_garbage_collection_may_come_at_any_moment():
    """Also while a protocol or transport is being made, when it is only half there."""
    program = """
import gc
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.transport import (
    TBufferedTransportFactory, TFramedTransportFactory, TMemoryBuffer
)
gc.set_threshold(1, 1, 1)
for protocols in TBinaryProtocolFactory, TCompactProtocolFactory:
    for transports in TBufferedTransportFactory, TFramedTransportFactory:
        for _ in range(100):
            protocols().get_protocol(transports().get_transport(TMemoryBuffer()))
"""
    subprocess.run([sys.executable, "-c", program], check=True)
