"""Database connections of calls in a Django project, on PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
import pytest
from fastthrift.thrift import TApplicationException
from support.django_project import Project
from support.example_processes import Server, running, wait_until
from support.postgresql import PostgreSQL, postgresql

CLIENTS, CALLS = 8, 10
THREADS = 4


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    with postgresql() as cluster:
        cluster.create("served")
        yield cluster


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("sqlite") / "project")


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory, database: PostgreSQL) -> Project:
    settings = database.settings("served") + (
        "import os\n"
        "THRIFT['SERVERS']['atomic'] = {**THRIFT['SERVERS']['probe'], 'ATOMIC_CALLS': True}\n"
        "DATABASES['default']['CONN_MAX_AGE'] = int(os.environ.get('MAX_AGE', '0'))\n"
        "DATABASES['default']['CONN_HEALTH_CHECKS'] = 'HEALTH_CHECKS' in os.environ\n"
        "if os.environ.get('POOLED'):\n"
        "    DATABASES['default']['OPTIONS'] = {'pool': {'min_size': 1, 'max_size': 2}}\n"
    )
    return Project(tmp_path_factory.mktemp("postgresql") / "project", settings)


@pytest.mark.parametrize(
    ("kind", "alias"),
    [("on_sqlite", "probe"), ("on_postgresql", "probe"), ("on_postgresql", "awaited")],
)
def test_rows_are_neither_lost_nor_doubled(
    kind: str, alias: str, request: pytest.FixtureRequest
) -> None:
    project: Project = request.getfixturevalue(kind)
    server = project.server("--server", alias, "--workers", "2", "--threads", str(THREADS))

    def add(number: int) -> list[int]:
        with project.client(server) as client:
            return [client.add(f"{number} {call}") for call in range(CALLS)]

    with running(server), project.client(server) as client, ThreadPoolExecutor(CLIENTS) as threads:
        before = client.count()
        keys = [key for keys in threads.map(add, range(CLIENTS)) for key in keys]
        assert len(set(keys)) == CLIENTS * CALLS
        assert client.count() == before + CLIENTS * CALLS


@contextlib.contextmanager
def warmed(project: Project, server: Server) -> Iterator[Any]:
    """Gives a function that makes a call in each of the ``CLIENTS`` threads of a server, at the
    same time, and tells the backends of the database that they had. Each has one already."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(server))
        threads = stack.enter_context(ThreadPoolExecutor(CLIENTS))
        clients = [stack.enter_context(project.client(server)) for _ in range(CLIENTS)]

        def meet() -> set[int]:
            return set(threads.map(lambda client: client.meet(CLIENTS), clients))

        assert len(meet()) == CLIENTS
        yield meet


def test_one_call_fails_when_the_database_restarts_and_not_one_of_each_thread(
    on_postgresql: Project, database: PostgreSQL
) -> None:
    server = on_postgresql.server("--server", "probe", "--threads", str(CLIENTS), MAX_AGE="600")
    with warmed(on_postgresql, server) as meet:
        before = meet()
        assert meet() == before, "CONN_MAX_AGE keeps them"
        database.restart()
        with on_postgresql.client(server) as client, pytest.raises(TApplicationException):
            client.backend()
        after = meet()
        assert len(after) == CLIENTS
        assert meet() == after, "and those that are new as well"


def test_atomic_calls_go_on_when_the_database_restarts(
    on_postgresql: Project, database: PostgreSQL
) -> None:
    server = on_postgresql.server("--server", "atomic", "--threads", str(CLIENTS), MAX_AGE="600")
    with warmed(on_postgresql, server) as meet, on_postgresql.client(server) as client:
        before = client.count()
        database.restart()
        # One finds out, and no other.
        with pytest.raises(TApplicationException):
            client.add("lost")
        assert len(meet()) == CLIENTS
        client.add("kept")
        with pytest.raises(TApplicationException):
            client.write_and_fail()
        assert client.count() == before + 1


def test_an_awaited_handler_goes_on_when_the_database_restarts(
    on_postgresql: Project, database: PostgreSQL
) -> None:
    server = on_postgresql.server("--server", "awaited", MAX_AGE="600")
    with running(server), on_postgresql.client(server) as client:
        client.add("before")
        before = client.count()
        database.restart()
        with pytest.raises(TApplicationException):
            client.add("lost")
        client.add("kept")
        assert client.count() == before + 1


def test_a_mistake_of_a_query_closes_no_connection(on_postgresql: Project) -> None:
    server = on_postgresql.server("--server", "probe", "--threads", str(CLIENTS), MAX_AGE="600")
    with warmed(on_postgresql, server) as meet:
        before = meet()
        with on_postgresql.client(server) as client, pytest.raises(TApplicationException):
            client.ask_for_nothing()
        assert meet() == before


def test_no_call_fails_with_health_checks(on_postgresql: Project, database: PostgreSQL) -> None:
    server = on_postgresql.server(
        "--server", "probe", "--threads", str(CLIENTS), MAX_AGE="600", HEALTH_CHECKS="1"
    )
    with warmed(on_postgresql, server) as meet:
        database.restart()
        assert len(meet()) == CLIENTS


@pytest.mark.parametrize("max_age", ["0", "600"])
def test_test_cases_with_a_server_leave_no_connection_to_their_database(
    on_postgresql: Project, max_age: str
) -> None:
    done = on_postgresql.manage("test", "--noinput", "probe.tests_live", MAX_AGE=max_age)
    assert done.returncode == 0, done.stderr
    assert "Ran 4 tests" in done.stderr


def test_a_restarted_database_is_found_again_on_the_same_socket(
    on_postgresql: Project, database: PostgreSQL
) -> None:
    server = on_postgresql.server("--server", "probe", "--threads", "1", MAX_AGE="600")
    with running(server), on_postgresql.client(server) as client:
        backend = client.backend()
        assert client.backend() == backend, "CONN_MAX_AGE keeps it"
        database.restart()
        with pytest.raises(TApplicationException):
            client.backend()
        assert client.backend() != backend


def test_idle_clients_hold_no_database_connections(
    on_postgresql: Project, database: PostgreSQL
) -> None:
    for max_age, most in ("0", 0), ("600", THREADS):
        server = on_postgresql.server(
            "--server", "probe", "--threads", str(THREADS), MAX_AGE=max_age
        )
        with running(server), contextlib.ExitStack() as stack:
            clients = [stack.enter_context(on_postgresql.client(server)) for _ in range(40)]
            with ThreadPoolExecutor(40) as threads:
                list(threads.map(lambda client: client.count(), clients))
            kept = range(most + 1)
            wait_until(lambda kept=kept: database.connections("served") in kept, "they are closed")
            assert clients[0].count() == clients[-1].count()


@pytest.mark.skipif(django.VERSION < (5, 1), reason="Django has no pool of its own before 5.1")
def test_the_pool_of_django_is_used(on_postgresql: Project, database: PostgreSQL) -> None:
    server = on_postgresql.server("--server", "probe", "--threads", "8", POOLED="1")
    with running(server), ThreadPoolExecutor(8) as threads:

        def ask(_: int) -> int:
            with on_postgresql.client(server) as client:
                return sum(client.backend() and 1 for _ in range(10))

        assert sum(threads.map(ask, range(8))) == 80
        assert 1 <= database.connections("served") <= 2
        assert server.stop() == 0
