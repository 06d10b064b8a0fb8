"""Fakes of services: answers by the types of the IDL, a record, mistakes that are loud."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift import ClientPool
from fastthrift._web.failures import failure_of
from fastthrift.testing import AsyncFakeService, FakeService, client, serve
from fastthrift.thrift import TApplicationException, TException
from fastthrift.transport.base import TTransportException
from support.pages import ROOT, blocks
from support.rpc import Calls, Other, module


def test_a_fake_answers_and_records() -> None:
    with FakeService(Calls, add=lambda a, b: a + b, whoami="me", echo=TimeoutError) as fake:
        assert fake.add(40, b=2) == 42
        assert fake.whoami() == "me"
        with pytest.raises(TimeoutError):
            fake.echo("text")
    assert fake.calls == [("add", (40, 2)), ("whoami", ()), ("echo", ("text",))]


def test_arguments_and_answers_are_those_that_would_arrive() -> None:
    seen = []
    fake = FakeService(Calls, person=lambda who: seen.append(who) or who)
    sent = module.Person(name="Ada", phones=[module.Phone(number="1")])
    answered = fake.person(sent)
    assert seen == [sent]
    assert answered == sent
    assert all(each is not sent for each in (*seen, answered))


def test_declared_exceptions_are_raised_from_classes_and_objects() -> None:
    fake = FakeService(Calls, person=module.NotFound("Ada"), check=module.Refused)
    with pytest.raises(module.NotFound, match="Ada"):
        fake.person(module.Person())
    with pytest.raises(module.Refused):
        fake.check(1)


def test_errors_of_calls_know_their_call() -> None:
    fake = FakeService(Calls, add=TTransportException(TTransportException.NOT_OPEN, "gone"))
    for _ in range(2):
        with pytest.raises(TTransportException) as caught:
            fake.add(1, 2)
        assert caught.value.message == "gone"
        assert (caught.value.service, caught.value.method) == ("Calls", "add")


@pytest.mark.parametrize(
    ("answer", "status", "sent"),
    [
        (TimeoutError, 504, True),
        (TimeoutError("too late"), 504, True),
        (ConnectionRefusedError, 503, False),
        (OSError(113, "No route to host"), 503, False),
        (ConnectionResetError, 502, True),
    ],
)
def test_errors_of_the_system_are_those_of_a_client(answer: Any, status: int, sent: bool) -> None:
    def fail(*_: object) -> None:
        raise answer

    for given in answer, fail:
        fake = FakeService(Calls, add=given)
        with pytest.raises(TTransportException) as caught:
            fake.add(1, 2)
        error = caught.value
        found = failure_of(error)
        assert found is not None
        assert (found.status, found.method, error.request_sent) == (status, "add", sent)
        assert isinstance(error.__cause__, OSError)
        assert isinstance(error, TimeoutError) == (status == 504)

        async def call(given: Any = given) -> None:
            await AsyncFakeService(Calls, add=given).add(1, 2)

        with pytest.raises(TTransportException):
            asyncio.run(call())
        # As a handler it has failed as any other does.
        served = serve(Calls, FakeService(Calls, add=given))
        with (
            served as url,
            ClientPool(Calls, url) as pool,
            pytest.raises(TApplicationException),
        ):
            pool.add(1, 2)


def test_a_fake_has_the_numbers_of_a_pool() -> None:
    with ClientPool(Calls, "tcp://127.0.0.1:1") as pool:
        assert FakeService(Calls).stats() == pool.stats()


@pytest.mark.parametrize(
    ("answers", "call", "text"),
    [
        ({}, ("add", 1, 2), r"Calls.add\(\) was called with \(1, 2\), and the fake has no answer"),
        ({"add": "text"}, ("add", 1, 2), r"add\(1: i32 a, 2: i32 b\) -> i32 with 'text'"),
        ({"add": lambda a, b: None}, ("add", 1, 2), "-> i32 with None"),
        ({"add": module.NotFound}, ("add", 1, 2), "NotFound in Calls.add.*does not declare it"),
        ({"numbers": [1, "x"]}, ("numbers", 1), "-> list<i32> with"),
        ({"check": module.Refused("x")}, ("check", 1), "cannot be sent"),
    ],
)
def test_a_mistake_of_the_test_is_told_by_the_call_and_at_the_end(
    answers: dict[str, Any], call: tuple[Any, ...], text: str
) -> None:
    name, *args = call
    fake = FakeService(Calls, **answers)
    with pytest.raises(AssertionError, match=text):
        getattr(fake, name)(*args)
    with pytest.raises(AssertionError, match=text):
        fake.__exit__(None, None, None)
    # An error of the block itself goes first.
    fake.__exit__(LookupError, LookupError(), None)


def test_wrong_arguments_are_refused_as_by_a_client() -> None:
    fake = FakeService(Calls, add=42)
    with pytest.raises(TypeError, match="positional arguments"):
        fake.add(1, 2, 3)
    with pytest.raises(TException, match="I32"):
        fake.add("text", 2)
    assert fake.calls == []


def test_a_call_takes_a_timeout_of_its_own_as_of_a_client() -> None:
    with FakeService(Calls, add=42) as fake:
        assert fake.add(40, 2, timeout=1) == 42
        assert fake.add(a=40, b=2, timeout=None) == 42
        with pytest.raises(ValueError, match="above 0 seconds"):
            fake.add(40, 2, timeout=0)
    assert fake.calls == [("add", (40, 2))] * 2


def test_a_union_in_an_answer_has_one_field(tmp_path: Path) -> None:
    (tmp_path / "unions.thrift").write_text(
        "union Id { 1: i32 number, 2: string name }\n"
        "struct Found { 1: list<Id> ids }\n"
        "exception Missing { 1: Id id }\n"
        "service Ids { Id one(), Found all() throws (1: Missing missing) }\n"
    )
    idl: Any = fastthrift.load(str(tmp_path / "unions.thrift"), "unions_thrift")
    both = idl.Id(number=1, name="a")
    assert FakeService(idl.Ids, one=idl.Id(name="a")).one() == idl.Id(name="a")
    for api, answer in (
        ("one", both),
        ("one", idl.Id()),
        ("all", idl.Found([both])),
        ("all", idl.Missing(both)),
    ):
        with pytest.raises(AssertionError, match="a union must have exactly one field set"):
            getattr(FakeService(idl.Ids, {api: answer}), api)()


def test_methods_that_the_service_does_not_have_are_refused() -> None:
    with pytest.raises(TypeError, match="did you mean 'add'"):
        FakeService(Calls, ad=42)
    with pytest.raises(AttributeError, match="did you mean 'add'"):
        FakeService(Calls).ad(1, 2)
    with pytest.raises(TypeError, match="not the module"):
        FakeService(module)


def test_a_void_method_answers_nothing_whatever_its_function_gives() -> None:
    lines: list[str] = []
    fake = FakeService(Calls, note=lines.append, nothing=None, check=lambda code: 7)
    assert fake.note("a line") is None
    assert fake.nothing() is None
    assert fake.check(1) is None
    assert lines == ["a line"]


def test_a_fake_is_a_handler_too() -> None:
    fake = FakeService(Calls, {"close": None}, add=42, person=module.NotFound("Ada"))
    in_process = client(Calls, fake)
    assert in_process.add(1, 2) == 42
    with serve(Calls, fake) as url, ClientPool(Calls, url) as pool:
        assert pool.add(3, 4) == 42
        with pytest.raises(module.NotFound, match="Ada"):
            pool.person(module.Person())
    assert fake.calls[:2] == [("add", (1, 2)), ("add", (3, 4))]


def test_methods_of_the_service_go_before_those_of_a_pool() -> None:
    with FakeService(Calls, {"close": None}) as fake:
        fake.close(3)
    assert fake.calls == [("close", (3,))]


def test_a_fake_does_for_a_pool() -> None:
    with FakeService(Other, hello="you") as fake:
        with fake.client() as one:
            assert one.hello("a") == "you"
        assert fake.with_options(timeout=1).hello("b") == "you"
    fake.close()


def test_threads_may_wait_for_each_other_in_answers() -> None:
    together = threading.Barrier(2)
    fake = FakeService(Calls, add=lambda a, b: together.wait() * 0 + a)
    answered: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: answered.append(fake.add(n, 0))) for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answered) == [0, 1]


def test_a_fake_of_asyncio_is_awaited_and_awaits() -> None:
    async def add(a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    async def main() -> None:
        async with AsyncFakeService(Calls, add=add, whoami="me", check=module.Refused(3)) as fake:
            assert await fake.add(40, 2) == 42
            assert await fake.whoami() == "me"
            with pytest.raises(module.Refused):
                await fake.check(1)
        assert fake.calls == [("add", (40, 2)), ("whoami", ()), ("check", (1,))]
        with pytest.raises(AssertionError, match="has no answer"):
            await AsyncFakeService(Calls).add(1, 2)

    asyncio.run(main())


def test_a_fake_of_asyncio_does_for_a_pool() -> None:
    async def main() -> None:
        fake = AsyncFakeService(Other, hello="you")
        async with fake.client() as one:
            assert await one.hello("a") == "you"
        await fake.aclose()
        with pytest.raises(AssertionError, match="has no answer"):
            await AsyncFakeService(Calls).add(1, 2)
        forgotten = AsyncFakeService(Other)
        with contextlib.suppress(AssertionError):
            await forgotten.hello("b")
        with pytest.raises(AssertionError, match="has no answer"):
            await forgotten.aclose()

    asyncio.run(main())


def test_the_fixture_fails_a_test_whose_program_has_caught_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "calc.thrift").write_text("service Calculator { i32 add(1: i32 a, 2: i32 b) }")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["fastthrift.testing.pytest"]\n')
    (tmp_path / "test_it.py").write_text(
        "import contextlib, fastthrift\n"
        "calc = fastthrift.load('calc.thrift', 'calc_thrift')\n"
        "def test_right(thrift_fake):\n"
        "    fake = thrift_fake(calc.Calculator, add=42)\n"
        "    assert fake.add(1, 2) == 42\n"
        "    assert fake.calls == [('add', (1, 2))]\n"
        "def test_caught(thrift_fake):\n"
        "    fake = thrift_fake(calc.Calculator)\n"
        "    with contextlib.suppress(AssertionError):\n"
        "        fake.add(1, 2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "Calculator.add() was called with (1, 2)" in done.stdout


def test_the_files_of_the_page_pass(tmp_path: Path) -> None:
    for name, _, text in blocks(ROOT / "docs" / "howto" / "tests.md"):
        if name:
            (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
