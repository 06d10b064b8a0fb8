"""Both calculator examples: the same promises, kept by Flask and by Django."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Thread

import pytest
from support.example_processes import (
    HOST,
    Example,
    Server,
    WebClient,
    django_example,
    flask_example,
    running,
    wait_until,
)

I32_MAX = 2**31 - 1

USER_MISTAKES = [
    {},
    {"a": 1, "operation": "add"},
    {"b": 1, "operation": "add"},
    {"a": "", "b": 1, "operation": "add"},
    {"a": "seven", "b": 1, "operation": "add"},
    {"a": 1, "b": "3.5", "operation": "divide"},
    {"a": "nan", "b": 1, "operation": "divide"},
    {"a": 1, "b": "inf", "operation": "divide"},
    {"a": I32_MAX + 1, "b": 1, "operation": "subtract"},
    {"a": 1, "b": -I32_MAX - 2, "operation": "divide"},
    {"a": "9" * 5000, "b": 1, "operation": "add"},
    {"a": 1, "b": 1},
    {"a": 1, "b": 1, "operation": "power"},
    {"a": 1, "b": 1, "operation": "__init__"},
]
SERVICE_FAILURES = [
    {"a": 7, "b": 0, "operation": "divide"},
    {"a": I32_MAX, "b": 1, "operation": "add"},
    {"a": -I32_MAX, "b": 2, "operation": "subtract"},
    {"a": 65536, "b": 65536, "operation": "multiply"},
]


@pytest.fixture(scope="module", params=[flask_example, django_example], ids=["flask", "django"])
def example(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Example]:
    example: Example = request.param(tmp_path_factory.mktemp("example"))
    with running(example.service), running(example.web):
        yield example


@pytest.fixture
def client(example: Example) -> WebClient:
    return example.client()


def assert_calculates(client: WebClient, a: int = 7, b: int = 3) -> None:
    reply = client.calculate({"a": a, "b": b, "operation": "add"})
    assert reply.status == 200, reply.body
    assert reply.json()["result"] == a + b


@pytest.mark.parametrize(
    ("operation", "a", "b", "result"),
    [
        ("add", 7, 3, 10),
        ("subtract", 7, 3, 4),
        ("multiply", 7, 3, 21),
        ("divide", 7, 2, 3.5),
        ("add", I32_MAX, 0, I32_MAX),
        ("subtract", -I32_MAX, 1, -I32_MAX - 1),
        ("divide", -I32_MAX - 1, -1, 2.0**31),
        ("multiply", 0, -5, 0),
    ],
)
def test_results(client: WebClient, operation: str, a: int, b: int, result: float) -> None:
    reply = client.calculate({"a": a, "b": b, "operation": operation})
    assert (reply.status, reply.json()["result"]) == (200, result)


@pytest.mark.parametrize("fields", USER_MISTAKES, ids=lambda fields: str(fields)[:60])
def test_user_mistakes_are_400(client: WebClient, fields: dict[str, object]) -> None:
    reply = client.calculate(fields)
    assert reply.status == 400
    assert reply.json().keys() == {"error"}
    assert_calculates(client)


@pytest.mark.parametrize("fields", SERVICE_FAILURES, ids=str)
def test_what_the_service_cannot_answer_is_502(
    client: WebClient, fields: dict[str, object]
) -> None:
    reply = client.calculate(fields)
    assert reply.status == 502
    error = reply.json()["error"]
    assert "divide by zero" in error
    assert str(I32_MAX) in error
    assert "ZeroDivisionError" not in error
    assert_calculates(client)


def test_the_page_has_a_labelled_form(client: WebClient) -> None:
    reply = client.request("GET", "/")
    assert (reply.status, reply.headers.get_content_type()) == (200, "text/html")
    assert 'action="/calculate"' in reply.body
    for name in ("a", "b", "operation"):
        assert f'name="{name}"' in reply.body
    assert reply.body.count("<label for=") == 3


def test_the_page_shows_the_result(client: WebClient) -> None:
    reply = client.calculate({"a": 7, "b": 2, "operation": "divide"}, accept="text/html")
    assert (reply.status, reply.headers.get_content_type()) == (200, "text/html")
    assert '7 / 2 = <strong id="result">3.5</strong>' in reply.body


def test_the_page_shows_a_result_of_zero(client: WebClient) -> None:
    reply = client.calculate({"a": 3, "b": 3, "operation": "subtract"}, accept="text/html")
    assert '3 - 3 = <strong id="result">0</strong>' in reply.body


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,*/*;q=0.8", "*/*"])
def test_the_page_shows_errors_and_keeps_the_input(client: WebClient, accept: str) -> None:
    reply = client.calculate({"a": 41, "b": '"><script>', "operation": "add"}, accept=accept)
    assert (reply.status, reply.headers.get_content_type()) == (400, "text/html")
    assert 'role="alert"' in reply.body
    assert 'value="41"' in reply.body
    assert "<script>" not in reply.body


def test_only_post_calculates(client: WebClient) -> None:
    assert client.request("GET", "/calculate").status == 405


def test_concurrent_requests_get_their_own_results(client: WebClient) -> None:
    def double(a: int) -> float:
        while True:
            reply = client.calculate({"a": a, "b": a, "operation": "add"})
            # The examples answer within two seconds, with an error where the machine is too busy.
            if reply.status not in (503, 504):
                break
        assert reply.status == 200, reply.body
        result: float = reply.json()["result"]
        return result

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(double, range(64))) == [2 * a for a in range(64)]


def test_no_request_leaks_a_connection(example: Example, client: WebClient) -> None:
    """200 requests, every other one a failure, and each one after a failure is right."""
    servers = (example.service, example.web)
    assert_calculates(client)
    before = [len(server.open_files()) for server in servers]

    failures = USER_MISTAKES + SERVICE_FAILURES
    for number in range(100):
        assert client.calculate(failures[number % len(failures)]).status in (400, 502)
        assert_calculates(client, number, 1)

    def is_closed(server: Server, open_before: int) -> bool:
        return len(server.open_files()) <= open_before

    for server, open_before in zip(servers, before, strict=True):
        # What is kept for the next request was there before.
        wait_until(partial(is_closed, server, open_before), "the connections are closed")


def test_a_restarted_service_is_found_again(example: Example, client: WebClient) -> None:
    assert_calculates(client)
    with interrupted(example):
        reply = client.calculate({"a": 7, "b": 3, "operation": "add"})
        assert reply.status == 503
        assert "cannot be reached" in reply.json()["error"]
    assert_calculates(client)


def test_a_service_that_hangs_up_is_502(example: Example, client: WebClient) -> None:
    with interrupted(example), impostor(example, lambda peer: peer.recv(1)):
        reply = client.calculate({"a": 7, "b": 3, "operation": "add"})
        assert reply.status == 502
        assert "no usable answer" in reply.json()["error"]
    assert_calculates(client)


def test_a_service_that_talks_http_is_502(example: Example, client: WebClient) -> None:
    def answer(peer: socket.socket) -> None:
        peer.recv(1000)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with interrupted(example), impostor(example, answer):
        reply = client.calculate({"a": 7, "b": 3, "operation": "add"})
        assert reply.status == 502
        assert "no usable answer" in reply.json()["error"]
    assert_calculates(client)


def test_a_silent_service_is_504(example: Example, client: WebClient) -> None:
    def wait_for_the_hang_up(peer: socket.socket) -> None:
        while peer.recv(1000):
            pass

    with interrupted(example), impostor(example, wait_for_the_hang_up):
        reply = client.calculate({"a": 7, "b": 3, "operation": "add"})
        assert reply.status == 504
        assert "in time" in reply.json()["error"]
    assert_calculates(client)


@contextmanager
def interrupted(example: Example) -> Iterator[None]:
    """The service is killed for the length of the block, and then serves the same port again."""
    example.service.kill()
    try:
        yield
    finally:
        example.service.start()


@contextmanager
def impostor(example: Example, answer: Callable[[socket.socket], object]) -> Iterator[None]:
    """Something else on the service's port: gives one connection to `answer`, then closes it."""

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            answer(peer)

    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((HOST, example.service.port)))
        listener.settimeout(120)
        thread = Thread(target=serve)
        thread.start()
        stack.callback(thread.join)
        yield
