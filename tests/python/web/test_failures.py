"""What a failed call means as the answer to an HTTP request, for calls that really fail."""

from __future__ import annotations

import gc
import io
import socket
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
from fastthrift import ClientPool
from fastthrift._calls.failures import _declared
from fastthrift._web.failures import Failure, failure_of, status_problem
from fastthrift.protocol.exc import TEncodeException
from fastthrift.thrift import TApplicationException
from support.rpc import PATIENCE, Calls, Handler, make_server, module, scripted_peer, serving
from support.sockets import nobody, silence

SECRET = "as nobody may know"


made: list[ClientPool] = []


@pytest.fixture(autouse=True)
def _pools_are_closed() -> Iterator[None]:
    yield
    while made:
        made.pop().close()


def pool_at(port: int, scheme: str = "tcp", **options: Any) -> ClientPool:
    options = {"timeout": PATIENCE, "connect_timeout": PATIENCE} | options
    pool = ClientPool(Calls, f"{scheme}://127.0.0.1:{port}", name="calls", **options)
    made.append(pool)
    return pool


def failed(pool: ClientPool, method: str, *args: Any) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        getattr(pool, method)(*args)
    return caught.value


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def port(handler: Handler) -> Iterator[int]:
    with serving(make_server(handler)) as port:
        yield port
        handler.go_on.set()


def failure(error: Exception, **statuses: Any) -> Failure:
    found = failure_of(error, statuses)
    assert found is not None
    return found


def test_nobody_there_is_503_and_when_to_try_again() -> None:
    with nobody() as port:
        error = failed(pool_at(port), "add", 1, 2)
    found = failure(error)
    assert found == (
        503,
        "the service cannot be reached",
        "calls",
        "add",
        (("Retry-After", "1"),),
    )
    assert found.body() == {"error": found.error, "client": "calls", "method": "add"}


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0.1}, {"checkout_timeout": 0.1}],
    ids=lambda options: next(iter(options)),
)
def test_a_pool_without_a_connection_left_is_503(
    port: int, handler: Handler, options: dict[str, float]
) -> None:
    pool = pool_at(port, size=1)
    waiting = threading.Thread(target=pool.wait, args=(1,))
    waiting.start()
    assert handler.waiting.wait(PATIENCE)
    error = failed(pool.with_options(**options), "add", 1, 2)
    handler.go_on.set()
    waiting.join()
    assert failure(error)[:4] == (503, "too many requests wait for the service", "calls", "add")


def test_no_answer_in_time_is_504(port: int) -> None:
    error = failed(pool_at(port, timeout=0.1), "wait", 1)
    assert failure(error) == (504, "the service did not answer in time", "calls", "wait", ())


def test_a_deadline_that_is_over_is_504(port: int) -> None:
    with fastthrift.deadline(0):
        error = failed(pool_at(port), "add", 1, 2)
    assert failure(error)[:4] == (504, "the service did not answer in time", "calls", "add")


@pytest.mark.parametrize(
    ("scheme", "patience"),
    [
        *((scheme, {"connect_timeout": 0.1}) for scheme in ("tcp", "tls", "http", "https")),
        ("http", {"timeout": 0.5}),
    ],
)
def test_a_peer_that_takes_no_connection_is_503(scheme: str, patience: dict[str, float]) -> None:
    with silence() as port:
        error = failed(pool_at(port, scheme=scheme, **patience), "add", 1, 2)
    assert failure(error) == (
        503,
        "the service cannot be reached",
        "calls",
        "add",
        (("Retry-After", "1"),),
    )
    assert isinstance(error, TimeoutError)
    assert error.message is not None
    assert error.message.startswith("calls: Could not connect to ")


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_a_peer_that_does_not_answer_tls_is_503(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        error = failed(pool_at(port, scheme=scheme, connect_timeout=0.5), "add", 1, 2)
    assert failure(error)[:2] == (503, "the service cannot be reached")


def test_what_the_service_fails_at_is_502_and_its_text_is_for_debugging(port: int) -> None:
    error = failed(pool_at(port), "fail", SECRET)
    assert failure(error)[:3] == (502, "the service gave no usable answer", "calls")
    told = failure_of(error, debug=True)
    assert told is not None
    assert told.error == error.message  # type: ignore[attr-defined]


def test_a_peer_that_hangs_up_or_speaks_otherwise_is_502() -> None:
    def hang_up(connection: Any) -> None:
        connection.recv(100)

    def speak_http(connection: Any) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + SECRET.encode())

    for script in (hang_up, speak_http):
        with scripted_peer(script) as port:
            found = failure(failed(pool_at(port), "add", 1, 2))
        assert found == (502, "the service gave no usable answer", "calls", "add", ())


def test_arguments_that_cannot_be_sent_are_no_failure_of_the_service(port: int) -> None:
    pool = pool_at(port)
    error = failed(pool, "add", 2**40, 1)
    assert isinstance(error, TEncodeException)
    assert failure_of(error) is None
    assert failure_of(error, {"TException": 500}) is not None
    assert failure(error, TEncodeException=400) == (400, "TEncodeException", "calls", "add", ())
    assert failure_of(failed(pool, "add", 1, 2, 3)) is None
    assert failure_of(ZeroDivisionError()) is None


def test_declared_exceptions_have_the_status_that_they_are_given(port: int) -> None:
    pool = pool_at(port)
    error = failed(pool, "check", 1)
    assert failure_of(error) is None
    assert failure_of(error, {"Refused": 409}) is None
    assert failure(error, NotFound=404) == (404, "NotFound", "calls", "check", ())
    with pool.client() as one, pytest.raises(module.NotFound) as raised:
        one.check(1)
    assert failure(raised.value, NotFound=404)[2:4] == ("calls", "check")
    # Nothing of that is in it.
    assert vars(error) == {"name": "one"}
    by_class, by_base = {module.NotFound: 410}, {"TException": 400, "NotFound": 404}
    by_module = {f"{module.NotFound.__module__}.NotFound": 404}
    for statuses, status in ((by_class, 410), (by_base, 404), (by_module, 404)):
        found = failure_of(error, statuses)
        assert found is not None
        assert found.status == status
    assert failure_of(failed(pool, "check", 2), {"NotFound": 404, "TException": 400}) is not None


def test_what_is_known_of_an_exception_goes_with_it(port: int) -> None:
    error: Exception | None = failed(pool_at(port), "check", 1)
    alive = weakref.ref(error)
    noted = len(_declared)
    del error
    gc.collect()
    assert alive() is None
    assert len(_declared) < noted


def test_fields_of_an_exception_are_not_taken_for_its_call() -> None:
    idl = fastthrift.load_fp(
        io.StringIO("exception Bad { 1: string client, 2: string method }"), "web_bad_thrift"
    )
    assert failure(idl.Bad(SECRET, SECRET), Bad=400)[2:4] == (None, None)


def test_an_error_that_belongs_to_no_pool_names_no_client() -> None:
    error = TApplicationException(TApplicationException.INTERNAL_ERROR, SECRET)
    assert failure(error) == (502, "the service gave no usable answer", None, None, ())


@pytest.mark.parametrize(
    ("statuses", "problem"),
    [
        ({}, None),
        ({"NotFound": 404, module.Refused: 599}, None),
        (None, "None is no dict"),
        ({"NotFound": "404"}, "'404', of 'NotFound', is no status"),
        ({"NotFound": 200}, "it must be 400 to 599"),
        ({"NotFound": True}, "is no status"),
        ({7: 404}, "7 is no name of an exception"),
        ({ValueError: 404}, "no class of one"),
    ],
    ids=str,
)
def test_a_table_of_statuses_is_looked_at(statuses: Any, problem: str | None) -> None:
    found = status_problem(statuses)
    assert found is None if problem is None else problem in str(found)
