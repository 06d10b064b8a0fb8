"""Behind Envoy, which reads each call: what it passes on, what it says itself, what it changes."""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from fastthrift.rpc import make_client
from fastthrift.thrift import TApplicationException
from fastthrift.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TTransportException,
)
from support.engines import (
    ADMIN,
    FRONT,
    HEALTH_OF_ONE,
    HEALTH_OF_TWO,
    ONE,
    TWO,
    Backend,
    CppBackend,
    Greeter,
    Load,
    Ports,
    configuration,
    envoy,
    page_at,
    pool,
    runs,
)
from support.example_processes import HOST, running, wait_until

PROTOCOLS = {"binary": TBinaryProtocolFactory, "compact": TCompactProtocolFactory}
TRANSPORTS = {"framed": TFramedTransportFactory, "buffered": TBufferedTransportFactory}
DIALECTS = [(protocol, transport) for protocol in PROTOCOLS for transport in TRANSPORTS]
#: What Envoy makes of 1.5 on its way from compact to binary: its bytes in the other order.
REVERSED = "3.13984e-319"


class Behind:
    """Envoy, and two of our servers behind it."""

    def __init__(self, folder: Path, text: str, program: str | None = None) -> None:
        self.folder = folder
        self.ports = Ports()
        self.one = Backend("one", self.ports[ONE], folder, program=program)
        self.two = Backend("two", self.ports[TWO], folder, program=program)
        self.envoy = envoy(self.ports, folder, text)

    @contextlib.contextmanager
    def started(self) -> Iterator[Behind]:
        with running(self.one), running(self.two), running(self.envoy):
            self.wait_for_healthy(2)
            yield self

    def statistic(self, name: str) -> int:
        page = page_at(self.ports[ADMIN], f"/stats?filter={re.escape(name)}$")
        return int(page.rpartition(":")[2])

    def wait_for_healthy(self, number: int) -> None:
        healthy = "cluster.greeter.membership_healthy"
        wait_until(lambda: self.statistic(healthy) == number, f"{number} servers are healthy")

    def assert_stays_healthy(self) -> None:
        """Each question for health has a byte too many, and the next one comes after it."""
        checks = "cluster.greeter.health_check"
        wait_until(lambda: self.statistic(f"{checks}.success") >= 6, "health is asked again")
        assert self.statistic(f"{checks}.failure") == 0

    @contextlib.contextmanager
    def client(self, protocol: str = "binary", transport: str = "framed") -> Iterator:
        """One connection."""
        client = make_client(
            Greeter,
            HOST,
            self.ports[FRONT],
            proto_factory=PROTOCOLS[protocol](),
            trans_factory=TRANSPORTS[transport](),
            timeout=60_000,
        )
        with contextlib.closing(client):
            yield client


def passing(text: str) -> str:
    """The configuration without what Envoy speaks to the servers: as its callers do."""
    return re.sub(r"    # What Envoy speaks(?s:.)*?BINARY\n", "", text, count=1)


def start(tmp_path_factory: pytest.TempPathFactory, text: str, **options: str) -> Iterator[Behind]:
    with Behind(tmp_path_factory.mktemp("envoy"), text, **options).started() as behind:
        yield behind


@pytest.fixture(scope="module")
def translating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    yield from start(tmp_path_factory, configuration("envoy.yaml"))


@pytest.fixture(scope="module")
def multiplexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    text = configuration("envoy.yaml").replace('method_name: ""', "service_name: greeter")
    text = text.replace("method_name: ping", "method_name: greeter:ping")
    yield from start(tmp_path_factory, text, program="support.engine_backend")


@pytest.mark.parametrize(("protocol", "transport"), DIALECTS)
def test_calls_of_each_dialect_are_spread(translating, protocol, transport):
    with translating.client(protocol, transport) as client:
        text = "x" * 1_000_000
        answers = {client.greet(text) for _ in range(8)}
        assert answers == {f"one: {text}", f"two: {text}"}
        client.note(1)
        client.ping()


@pytest.mark.parametrize(("protocol", "transport"), DIALECTS)
def test_an_undeclared_exception_leaves_the_connection(translating, protocol, transport):
    with translating.client(protocol, transport) as client:
        for _ in range(3):
            with pytest.raises(TApplicationException, match="Internal error processing fail"):
                client.fail()
        assert client.greet("Ann").endswith(": Ann")


def test_a_caller_of_theader_is_translated(translating):
    from thrift.protocol.THeaderProtocol import THeaderProtocolFactory
    from thrift.Thrift import TMessageType, TType
    from thrift.transport.TSocket import TSocket

    socket = TSocket(HOST, translating.ports[FRONT])
    socket.setTimeout(60_000)
    socket.open()
    with contextlib.closing(socket):
        protocol = THeaderProtocolFactory().getProtocol(socket)
        for seqid in range(4):
            protocol.trans.set_header(b"user", b"Ann")
            protocol.writeMessageBegin("greet", TMessageType.CALL, seqid)
            protocol.writeFieldBegin("name", TType.STRING, 1)
            protocol.writeString("Ann")
            protocol.writeFieldStop()
            protocol.writeMessageEnd()
            protocol.trans.flush()
            assert protocol.readMessageBegin() == ("greet", TMessageType.REPLY, seqid)
            assert protocol.readFieldBegin()[1:] == (TType.STRING, 0)
            assert protocol.readString() in ("one: Ann", "two: Ann")
            assert protocol.readFieldBegin()[1] == TType.STOP
            protocol.readMessageEnd()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_our_own_callers_of_theader_are_translated(translating, protocol):
    spoken = f"transport=header&protocol={protocol}"
    with contextlib.closing(
        pool(translating.ports[FRONT], spoken, headers={"User": "Ann"})
    ) as greeter:
        text = "x" * 1_000_000
        # One may be left out for a while, for the exceptions that it has answered others with.
        answers = {greeter.greet(text) for _ in range(8)}
        assert answers <= {f"one: {text}", f"two: {text}"}
        greeter.note(1)
        with pytest.raises(TApplicationException, match="Internal error processing fail"):
            greeter.fail()
        # Frames of the servers have no headers, nor has the handler.
        assert greeter.greet("header user") == "none"
        assert greeter.stats()["connects"] == 2  # the other was closed for the failed call


@pytest.mark.parametrize(
    ("protocol", "kinds"),
    [
        ("binary", ("threaded", "asyncio")),
        ("compact", ("threaded", "asyncio")),
        ("compact", ("nonblocking", None)),
    ],
)
def test_headers_reach_servers_of_theader(tmp_path, protocol, kinds):
    text = configuration("envoy.yaml").replace("transport: FRAMED", "transport: HEADER")
    text = text.replace("protocol: BINARY", f"protocol: {protocol.upper()}")
    behind = Behind(tmp_path, text)
    for backend, kind in zip((behind.one, behind.two), kinds, strict=True):
        # The server that is used unless one is asked for finds it out.
        backend.command += ["--transport", "header", "--server", kind] if kind else []
    spoken = f"transport=header&protocol={protocol}"
    with behind.started():
        port = behind.ports[FRONT]
        with contextlib.closing(pool(port, spoken, headers={"User": "Ann"})) as greeter:
            assert {greeter.greet("Bob") for _ in range(8)} == {"one: Bob", "two: Bob"}
            for _ in range(4):
                assert greeter.greet("header user") == "Ann"
                assert 0 < int(greeter.greet("header x-thrift-timeout")) <= 60_000
            greeter.note(1)
            with pytest.raises(TApplicationException, match="Internal error processing fail"):
                greeter.fail()
        # Callers without headers are translated.
        with behind.client(protocol, "framed") as client:
            assert client.greet("header user") == "none"
        # A call whose time is over is executed by no server.
        with (
            contextlib.closing(pool(port, spoken, headers={"X-Thrift-Timeout": "0"})) as late,
            pytest.raises(TApplicationException, match="the deadline is over: greet"),
        ):
            late.greet("Bob")
        behind.assert_stays_healthy()


@pytest.mark.parametrize("kind", ["nonblocking", "threaded", "asyncio"])
def test_each_server_is_asked_for_health_on_one_connection(tmp_path, kind):
    behind = Behind(tmp_path, configuration("envoy.yaml"))
    for backend in (behind.one, behind.two):
        backend.command += ["--transport", "framed", "--protocol", "binary", "--server", kind]
    with behind.started(), behind.client() as client:
        assert client.greet("Ann") in {"one: Ann", "two: Ann"}
        behind.assert_stays_healthy()


@pytest.mark.parametrize(("protocol", "transport"), DIALECTS)
def test_services_are_chosen_by_their_names(multiplexed, protocol, transport):
    spoken = f"protocol={protocol}&transport={transport}&service="
    with contextlib.closing(pool(multiplexed.ports[FRONT], spoken + "greeter")) as greeter:
        assert {greeter.greet("Ann") for _ in range(8)} == {"one: Ann", "two: Ann"}
    with contextlib.closing(pool(multiplexed.ports[FRONT], spoken + "other")) as other:
        # Envoy's own words.
        with pytest.raises(TApplicationException, match="no route for method 'other:greet'") as no:
            other.greet("Ann")
        assert no.value.type == TApplicationException.UNKNOWN_METHOD


def test_compact_that_becomes_binary_is_changed(translating):
    """The page says so; what is passed on as it is has no such faults."""
    with translating.client("binary") as client:
        assert client.shown(1.5) == "1.5"
        assert client.flags([True, False]) == [True, False]
    with translating.client("compact") as client:
        assert client.shown(1.5) == REVERSED
        assert client.flags([True, False]) == [True, True]


@pytest.mark.parametrize(
    "change", [passing, lambda text: text.replace("protocol: BINARY", "protocol: COMPACT", 1)]
)
def test_framed_compact_that_is_passed_on_stays_as_it_is(tmp_path, change):
    with (
        Behind(tmp_path, change(configuration("envoy.yaml"))).started() as behind,
        behind.client("compact") as client,
    ):
        assert client.shown(1.5) == "1.5"
        assert client.flags([True, False]) == [True, False]


@pytest.mark.parametrize("kind", ["nonblocking", "threaded"])
def test_servers_without_frames(tmp_path, kind):
    text = configuration("envoy.yaml").replace("transport: FRAMED", "transport: UNFRAMED", 1)
    if kind == "threaded":
        # Envoy asks for health in frames alone.
        text = re.sub(r"    # A method without arguments(?s:.)*?BINARY\n", "", text, count=1)
    behind = Behind(tmp_path, text)
    for backend in (behind.one, behind.two):
        backend.command += ["--server", kind]
    with behind.started():
        for protocol, transport in DIALECTS:
            with behind.client(protocol, transport) as client:
                text = "x" * 1_000_000
                assert {client.greet(text) for _ in range(8)} == {f"one: {text}", f"two: {text}"}
                client.note(1)
                with pytest.raises(TApplicationException, match="Internal error processing fail"):
                    client.fail()
                assert client.greet("Ann").endswith(": Ann")


def test_messages_without_a_version(tmp_path):
    """Those of callers, and those of the servers."""
    # By their first bytes Envoy knows messages with a version alone.
    text = configuration("envoy.yaml").replace("AUTO_TRANSPORT", "FRAMED", 1)
    text = text.replace("AUTO_PROTOCOL", "LAX_BINARY", 1)
    behind = Behind(tmp_path, text.replace("protocol: BINARY", "protocol: LAX_BINARY"))
    for backend in (behind.one, behind.two):
        backend.command += ["--protocol", "lax-binary"]
    with behind.started():
        spoken = "transport=framed&protocol=lax_binary"
        with contextlib.closing(pool(behind.ports[FRONT], spoken)) as greeter:
            assert {greeter.greet("Ann") for _ in range(8)} == {"one: Ann", "two: Ann"}
            greeter.note(1)
            with pytest.raises(TApplicationException, match="Internal error processing fail"):
                greeter.fail()


def test_callers_of_two_dialects_need_a_translation(tmp_path):
    """Connections to the servers are kept for callers of any dialect, and a server knows one for
    each connection."""
    with Behind(tmp_path, passing(configuration("envoy.yaml"))).started() as behind:
        with behind.client("compact") as client:
            assert {client.greet("Ann") for _ in range(8)} == {"one: Ann", "two: Ann"}
        with (
            behind.client("binary") as client,
            pytest.raises(TApplicationException, match="connection failure before response"),
        ):
            client.greet("Ann")


def test_a_pool_goes_on_after_exceptions_of_envoys_own(tmp_path):
    behind = Behind(tmp_path, configuration("envoy.yaml"))
    with behind.started(), contextlib.closing(pool(behind.ports[FRONT])) as greeter:
        behind.one.kill()
        behind.two.kill()
        with behind.client() as client:
            with pytest.raises(TApplicationException):
                client.greet("Ann")
            # It closes the connection after that, as our servers do not.
            with pytest.raises(TTransportException, match="idle"):
                client.greet("Ann")
        for _ in range(3):
            with pytest.raises(TApplicationException):
                greeter.greet("Ann")
        behind.one.start()

        def answers() -> bool:
            with contextlib.suppress(TApplicationException):
                return greeter.greet("Ann") == "one: Ann"
            return False

        wait_until(answers, "the server that is there again is called")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
def test_a_server_that_goes_under_load(tmp_path, number):
    behind = Behind(tmp_path, configuration("envoy.yaml"))
    with behind.started(), contextlib.closing(pool(behind.ports[FRONT])) as greeter:
        with Load(greeter.run) as load:
            load.wait_for_answers(200)
            assert set(load.answered.values()) == {"one", "two"}
            behind.one.stop(number)
            behind.wait_for_healthy(1)
            load.wait_for_answers(500)
        # Calls that were at the server, or that Envoy sent there before it noticed.
        assert {type(error) for error in load.failed.values()} <= {TApplicationException}
        ran = runs(tmp_path)
        assert len(set(ran)) == len(ran)
        assert load.answered.keys() <= set(ran)
        assert {greeter.greet("Ann") for _ in range(20)} == {"two: Ann"}
        behind.one.start()
        behind.wait_for_healthy(2)
        wait_until(lambda: greeter.greet("Ann") == "one: Ann", "both are called again")


def test_health_that_is_asked_by_http(tmp_path):
    text = re.sub(
        r"port_value: (909[12]) } }",
        lambda found: f"{found[0]}, health_check_config: {{ port_value: 91{found[1][2:]} }}",
        configuration("envoy.yaml"),
    )
    text = re.sub(
        r"custom_health_check:(?s:.)*?BINARY\n", "http_health_check: { path: / }\n", text, count=1
    )
    behind = Behind(tmp_path, text)
    for backend, port in ((behind.one, HEALTH_OF_ONE), (behind.two, HEALTH_OF_TWO)):
        backend.command += ["--health", f"{HOST}:{behind.ports[port]}"]
    with behind.started():
        assert behind.statistic("cluster.greeter.health_check.success") >= 2
        assert behind.one.stop() == 0
        behind.wait_for_healthy(1)


def test_servers_of_apache_behind_it(tmp_path):
    """Our client, Envoy, and a server of Apache's C++ library."""
    ports = Ports()
    cpp = CppBackend(ports[ONE], tmp_path)
    behind = Behind(tmp_path, configuration("envoy.yaml"))
    behind.ports, behind.envoy = ports, envoy(ports, tmp_path)
    with running(cpp), running(behind.envoy):
        behind.wait_for_healthy(1)
        for protocol, transport in DIALECTS:
            with behind.client(protocol, transport) as client:
                assert client.greet("Ann") == "C++: Ann"
                client.note(1)
                with pytest.raises(TApplicationException):
                    client.fail()
                assert client.greet("x" * 1_000_000) == "C++: " + "x" * 1_000_000
        with behind.client() as client:
            assert client.flags([True, False]) == [True, False]
            assert client.shown(1.5) == "1.500000"
        # As one of several services, and with headers, of which the frames behind have none.
        for spoken in ("service=greeter", "transport=framed&service=greeter", "transport=header"):
            with contextlib.closing(pool(ports[FRONT], spoken)) as greeter:
                assert greeter.greet("Ann") == "C++: Ann"
                greeter.note(1)
                with pytest.raises(TApplicationException):
                    greeter.fail()
                assert greeter.greet("Bob") == "C++: Bob"
