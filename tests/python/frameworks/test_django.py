"""What only the Django example has: the management command and the database behind the handler."""

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import fastthrift
import pytest
from fastthrift.rpc import client_context
from fastthrift.server import TNonblockingServer
from fastthrift.thrift import TApplicationException, TProcessor
from fastthrift.transport import TServerSocket
from support.example_processes import (
    DEADLINE,
    DJANGO,
    FLASK,
    HOST,
    Reply,
    Server,
    WebClient,
    django_example,
    running,
    wait_until,
)

plain = fastthrift.load(str(DJANGO.parent / "calculator.thrift"))
history = fastthrift.load(str(DJANGO / "calculator" / "history.thrift"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(django_example(tmp_path_factory.mktemp("shared")).service) as service:
        yield service


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Server]:
    """For tests that stop it."""
    with running(django_example(tmp_path).service) as service:
        yield service


def connect(service: Server, idl=history.HistoryCalculator):
    return client_context(idl, HOST, service.port, socket_timeout=DEADLINE * 1000)


def database(service: Server) -> str:
    return service.environment["CALCULATOR_DATABASE"]


def manage(*arguments: object, database: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DJANGO / "manage.py", *map(str, arguments)],
        env=os.environ | {"CALCULATOR_DATABASE": str(database)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def test_the_page_shows_the_stored_calculations_and_nothing_forged(tmp_path: Path) -> None:
    example = django_example(tmp_path)
    with running(example.service), running(example.web):
        client = example.client()
        client.calculate({"a": 1, "b": 2, "operation": "add"})
        client.calculate({"a": 7, "b": 0, "operation": "divide"})
        reply = client.calculate({"a": 7, "b": 2, "operation": "divide"})
        assert reply.json()["history"] == ["7 / 2 = 3.5", "1 + 2 = 3"]

        client.headers.pop("X-CSRFToken")
        assert client.calculate({"a": 4, "b": 4, "operation": "add"}).status == 403

        client = example.client()
        page = client.calculate({"a": 9, "b": 9, "operation": "multiply"}, accept="text/html").body
        assert page.index("9 * 9 = 81") < page.index("7 / 2 = 3.5") < page.index("1 + 2 = 3")
        assert "4 + 4" not in page


def test_a_service_without_the_method_is_502(tmp_path: Path) -> None:
    example = django_example(tmp_path)
    port = example.service.port
    flask_service = Server([FLASK / "server.py", "--port", port], port, tmp_path / "service.log")
    with running(flask_service), running(example.web):
        reply = example.client().calculate({"a": 1, "b": 2, "operation": "add"})
    assert reply.status == 502
    assert "no usable answer" in reply.json()["error"]


class Slow:
    """Answers the first call of a request after a while, and the second one never."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.stopped = threading.Event()

    def add(self, a: int, b: int) -> int:
        self.stopped.wait(self.delay)
        return a + b

    def record(self, _: object) -> list[object]:
        self.stopped.wait(DEADLINE)
        return []


@contextmanager
def slow_service(port: int, delay: float) -> Iterator[None]:
    handler = Slow(delay)
    processor = TProcessor(history.HistoryCalculator, handler)
    server = TNonblockingServer(processor, TServerSocket(HOST, port), threads=32)
    begun = threading.Event()
    server.on_serving = begun.set
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        assert begun.wait(DEADLINE)
        yield
    finally:
        handler.stopped.set()
        server.close()
        thread.join()


def timed(client: WebClient) -> tuple[Reply, float]:
    before = time.monotonic()
    reply = client.calculate({"a": 1, "b": 2, "operation": "add"})
    return reply, time.monotonic() - before


def test_a_slow_service_is_answered_for_in_the_time_of_a_request(tmp_path: Path) -> None:
    example = django_example(tmp_path)
    with running(example.web):
        client = example.client()
        # What is imported at the first request takes its time.
        assert timed(client)[0].status == 503
        # The first call never ends; or it does, and the second one has what is left of 1.5 s.
        for delay, less_than in (DEADLINE, 10), (1.4, 1.4 + 1.5):
            with slow_service(example.service.port, delay):
                reply, took = timed(client)
            assert (reply.status, reply.headers["Retry-After"]) == (504, None), delay
            assert "did not answer in time" in reply.json()["error"]
            assert took < less_than, delay


def test_more_requests_than_connections_are_told_when_to_try_again(tmp_path: Path) -> None:
    example = django_example(tmp_path)
    with running(example.web):
        assert timed(example.client())[0].headers["Retry-After"] == "1", "nobody serves"
        # Made before, so that nothing but the requests themselves takes of the time in which one
        # of them would be over.
        clients = itertools.cycle([example.client() for _ in range(24)])
        asked: list[Future[tuple[Reply, float]]] = []

        def one_is_refused() -> bool:
            return any(each.done() and each.result()[0].status == 503 for each in asked)

        with slow_service(example.service.port, DEADLINE), ThreadPoolExecutor(24) as threads:
            # Of its pool there are 16. Not all at once: the queue of the development server has
            # room for ten. On a busy machine the first may have its answer when the last comes.
            while len(asked) < 24 or not (one_is_refused() or len(asked) == 500):
                asked.append(threads.submit(timed, next(clients)))
                time.sleep(0.02)
    answers = [each.result()[0] for each in asked]
    assert {reply.status for reply in answers} == {503, 504}
    for reply in answers:
        if reply.status == 503:
            assert reply.headers["Retry-After"] == "1"
            assert "too many requests" in reply.json()["error"]


def test_record_stores_and_returns_the_latest_first(service: Server) -> None:
    before = stored(service)
    with connect(service) as client:
        for number in range(12):
            latest = client.record(history.Calculation(f"{number} + 0", number))
    assert latest == [history.Calculation(f"{number} + 0", number) for number in range(11, 1, -1)]
    assert stored(service) == before + 12


def stored(service: Server) -> int:
    with closing(sqlite3.connect(database(service))) as connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM calculator_recordedcalculation"
        ).fetchone()
    return count


def test_records_survive_a_restart(own_service: Server) -> None:
    with connect(own_service) as client:
        client.record(history.Calculation("1 + 1", 2))
    assert own_service.stop() == 0
    own_service.start()
    with connect(own_service) as client:
        latest = client.record(history.Calculation("2 + 2", 4))
    assert [entry.expression for entry in latest] == ["2 + 2", "1 + 1"]


def test_records_that_the_model_refuses(service: Server) -> None:
    refused = {
        "empty": history.Calculation(),
        "no result": history.Calculation("1 + 1"),
        "long expression": history.Calculation("1" * 65, 1),
        "not a number": history.Calculation("0 / 0", float("nan")),
    }
    before = stored(service)
    with connect(service) as client:
        for what, calculation in refused.items():
            with pytest.raises(TApplicationException) as caught:
                client.record(calculation)
            assert caught.value.type == TApplicationException.INTERNAL_ERROR, what
            assert "calculator_recordedcalculation" not in str(caught.value), what
        assert stored(service) == before
        assert client.record(history.Calculation("1 + 1", 2))[0].expression == "1 + 1"


def test_a_client_of_the_plain_calculator_is_served(service: Server) -> None:
    with connect(service, plain.Calculator) as client:
        results = (
            client.add(7, 3),
            client.subtract(7, 3),
            client.multiply(7, 3),
            client.divide(7, 2),
        )
    assert results == (10, 4, 21, 3.5)


def test_an_idle_connection_holds_no_database_connection(service: Server) -> None:
    with connect(service) as client:
        client.record(history.Calculation("1 + 1", 2))
        wait_until(lambda: database(service) not in service.open_files(), "database closed")
        assert client.add(1, 1) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_lets_the_call_in_flight_finish(
    own_service: Server, number: signal.Signals
) -> None:
    def record() -> list[object]:
        with connect(own_service) as client:
            return client.record(history.Calculation("1 + 1", 2))

    with ThreadPoolExecutor(1) as thread, closing(sqlite3.connect(database(own_service))) as lock:
        lock.execute("BEGIN IMMEDIATE")
        call = thread.submit(record)
        wait_until(
            lambda: database(own_service) in own_service.open_files(), "the handler waits for us"
        )
        own_service.process.send_signal(number)
        wait_until(lambda: not own_service.accepts(), "new connections are refused")
        lock.rollback()
        assert call.result(DEADLINE) == [history.Calculation("1 + 1", 2)]
    assert own_service.process.wait(DEADLINE) == 0
    assert own_service.log.read_text().splitlines()[-1] == "Stopped"


def test_a_signal_ends_idle_connections(own_service: Server) -> None:
    with connect(own_service) as client:
        assert client.add(1, 1) == 2
        assert own_service.stop() == 0


def test_a_port_in_use_is_one_clear_line(service: Server) -> None:
    done = manage("runthrift", f"{HOST}:{service.port}", database=Path(database(service)))
    assert done.returncode == 1
    assert done.stderr == (
        f"CommandError: Cannot listen on ('{HOST}', {service.port}): Address already in use; "
        "another program listens there: stop it, or choose another port\n"
    )


def test_an_address_of_another_machine_is_one_clear_line(tmp_path: Path) -> None:
    done = manage("runthrift", "192.0.2.1:9090", database=tmp_path / "calculator.sqlite3")
    assert done.returncode == 1
    assert done.stderr == (
        "CommandError: Cannot listen on ('192.0.2.1', 9090): Cannot assign requested address\n"
    )


@pytest.mark.parametrize("addrport", ["localhost", "localhost:http", "0", "65536"])
def test_an_address_that_is_none(addrport: str, tmp_path: Path) -> None:
    done = manage("runthrift", addrport, database=tmp_path / "calculator.sqlite3")
    assert done.returncode == 1
    assert done.stderr == f"CommandError: '{addrport}' is not a port or address:port.\n"


def test_the_migrations_match_the_models(tmp_path: Path) -> None:
    database = tmp_path / "calculator.sqlite3"
    done = manage("makemigrations", "--check", "--dry-run", database=database)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_missing_migration_is_announced(tmp_path: Path) -> None:
    example = django_example(tmp_path)
    os.remove(database(example.service))
    with running(example.service) as service:
        assert "You have 1 unapplied migration(s)." in service.log.read_text()
