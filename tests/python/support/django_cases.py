"""Tests that Django's own runner makes within a project (see ``django_project``), as its users'."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from unittest import mock

import fastthrift
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import (
    AsyncClient,
    Client,
    RequestFactory,
    SimpleTestCase,
    TestCase,
    modify_settings,
    override_settings,
)
from django.urls import path
from django.views.decorators.csrf import csrf_protect
from fastthrift._calls.services import coroutines
from fastthrift._serve.program import require_methods
from fastthrift.contrib.django import clients, current_request, failure, thrift_view
from fastthrift.contrib.django.checks import _check_handler
from fastthrift.contrib.django.servers import Server
from fastthrift.contrib.django.signals import call_failed, call_finished, call_started
from fastthrift.contrib.django.test import ThriftLiveServerTestCase, override_clients
from fastthrift.contrib.django.units import unit_of_work
from fastthrift.testing import FakeService, client, serve
from fastthrift.thrift import TApplicationException, TException
from fastthrift.transport import TTransportException
from notes.models import Note

from .rpc import Handler, idl

PROBE = {"IDL": "probe/probe.thrift", "HANDLER": "probe.rpc.Handler"}
CLIENT = {"IDL": "probe/probe.thrift", "SERVICE": "Probe", "URL": "tcp://127.0.0.1:1"}


def left(request: HttpRequest) -> HttpResponse:
    """A view that tells what is left of its time, by a fake that waits for it."""
    return HttpResponse(clients["probe"].language())


async def left_awaited(request: HttpRequest) -> HttpResponse:
    return HttpResponse(clients["probe"].language())


urlpatterns = [
    path("left", left),
    path("left-awaited", left_awaited),
    path("thrift/", thrift_view("probe", max_bytes=1000)),
    path("json/<path:rest>", thrift_view("probe", json=True)),
    path("awaited/<path:rest>", thrift_view("awaited", json=True)),
]


def found(**thrift: Any) -> list[tuple[str, str]]:
    with override_settings(THRIFT=thrift):
        return [(each.id, str(each)) for each in run_checks(tags=["thrift"])]


def of_server(**options: Any) -> list[str]:
    return [number for number, _ in found(SERVERS={"a": {**PROBE, **options}})]


class CheckTests(SimpleTestCase):
    def test_what_is_well_is_not_told_of(self) -> None:
        self.assertEqual(found(CLIENTS={"probe": CLIENT}, SERVERS={"probe": PROBE}), [])

    def test_each_mistake_has_its_number(self) -> None:
        broken = Path(tempfile.mkdtemp()) / "broken.thrift"
        broken.write_text("struct A {\n  1: i32\n}")
        for number, options in {
            "E001": {"HANDLER": "probe.nowhere.Handler"},
            "E002": {"IDL": str(broken)},
            "E003": {"SERVICE": "Nope"},
            "E006": {"BIND": "nowhere"},
            "E009": {"MIDDLEWARE": ["probe.nowhere"]},
            "E011": {"ATOMIC_CALLS": ["other"]},
            "W001": {"HANDLR": 1},
        }.items():
            with self.subTest(number):
                self.assertEqual(of_server(**options), [f"thrift.{number}"])
        self.assertEqual(
            of_server(HANDLER="probe.rpc.AsyncHandler", ATOMIC_CALLS=True), ["thrift.E011"]
        )
        for number, options in {
            "E002": {"IDL": "nowhere.thrift"},
            "E003": {"SERVICE": "Nope"},
            "E006": {"URL": "tcp//oops"},
            "E007": {"TIMEOUT": "2"},
            "E012": {"HEADERS": {"X-Tenant": 7}},
            "W001": {"TIMEOUTS": 2},
            "W002": {"IDEMPOTENT": ["nope"]},
        }.items():
            with self.subTest(f"client {number}"):
                numbers = [each for each, _ in found(CLIENTS={"a": {**CLIENT, **options}})]
                self.assertEqual(numbers, [f"thrift.{number}"])
        self.assertEqual([each for each, _ in found(SERVERS=[])], ["thrift.E008"])
        for key in ("REQUEST_BUDGET", "SLOW"):
            for value in (0, "1", True, float("nan"), float("inf")):
                self.assertEqual([each for each, _ in found(**{key: value})], ["thrift.E007"])
        self.assertEqual([each for each, _ in found(EXCEPTION_STATUS={"A": 7})], ["thrift.E010"])
        statuses = {"TEncodeExeption": 400, "OfAnotherProgram": 404}
        ((number, text),) = found(EXCEPTION_STATUS=statuses)
        self.assertEqual(number, "thrift.W005")
        self.assertIn("'TEncodeExeption' is no exception that is loaded", text)
        self.assertIn("did you mean 'TEncodeException'?", text)

    def test_values_of_another_type_are_mistakes_and_no_errors_of_the_checks(self) -> None:
        self.assertEqual(of_server(SERVICE=["Probe"]), ["thrift.E003"])
        self.assertEqual(of_server(ATOMIC_CALLS=[["default"]]), ["thrift.E011"])
        told = dict(found(SERVERS={1: {}}))
        self.assertEqual(set(told), {"thrift.E001", "thrift.E002"})
        self.assertIn("THRIFT['SERVERS'][1]['HANDLER']: is missing", told["thrift.E001"])
        self.assertIn("THRIFT['SERVERS'][1]['IDL']: is missing", told["thrift.E002"])
        for thrift, message in (
            (None, "THRIFT: None is no dict"),
            ({"SERVERS": []}, "THRIFT['SERVERS']: [] is no dict"),
            ({"SERVERS": {"default": None}}, "THRIFT['SERVERS']['default']: None is no dict"),
            ({"SERVERS": {1: {}}}, "THRIFT['SERVERS'] has no 'default': there are 1"),
        ):
            with override_settings(THRIFT=thrift), self.subTest(message):
                with self.assertRaisesMessage(CommandError, message):
                    call_command("runthrift")
        with self.assertRaisesMessage(CommandError, "'::1:9090' is not a port"):
            call_command("runthrift", "::1:9090", "--server", "probe")

    def test_a_handler_that_cannot_be_made_as_it_is(self) -> None:
        class Needs(Handler):
            def __init__(self, what: str) -> None: ...

        def make() -> Handler:
            return Handler()

        for handler, message in (
            (Needs, "cannot be made without arguments: missing a required argument: 'what'"),
            (make, "cannot be called with the loaded IDL alone: too many positional arguments"),
        ):
            ((number, text),) = found(SERVERS={"a": {**PROBE, "HANDLER": handler}})
            self.assertEqual(number, "thrift.E001")
            self.assertIn(message, text)
        self.assertEqual(of_server(HANDLER=lambda idl: Needs("it")), [])

    def test_what_is_wrong_with_a_handler(self) -> None:
        class Wrong(Handler):
            def add(self) -> int:
                return 0

            def helper(self) -> None: ...

        told = dict(found(SERVERS={"a": {**PROBE, "HANDLER": Wrong}}))
        self.assertEqual(set(told), {"thrift.E005", "thrift.W004"})
        self.assertIn("add() takes 0 arguments, the IDL has 1", told["thrift.E005"])
        self.assertIn("helper", told["thrift.W004"])
        self.assertEqual(of_server(HANDLER="notes.rpc.NotesHandler")[0], "thrift.E004")

    def test_a_module_of_python_with_one_service_needs_no_name_of_it(self) -> None:
        module: Any = ModuleType("services_of_probe")
        module.Probe = idl.Probe
        self.assertEqual(of_server(IDL=module), [])
        self.assertIs(Server({"IDL": module}, "probe").service(module), idl.Probe)
        module.Other = type("Other", (), {"thrift_services": []})
        (told,) = (text for number, text in found(SERVERS={"a": {**PROBE, "IDL": module}}))
        self.assertIn("SERVICE is needed: services_of_probe has Probe, Other", told)

    def test_words_of_python_are_found_by_their_other_name(self) -> None:
        idl = io.StringIO("service Words { i32 import(1: i32 a), i32 pass() }")
        words = fastthrift.load_fp(idl, "words_of_checks_thrift").Words

        class Named:
            def import_(self, a: int) -> int:
                return a

            async def pass_(self) -> int:
                return 0

        server = Server({"HANDLER": Named}, "probe")
        self.assertEqual([*_check_handler(server, words, Named)], [])
        self.assertEqual(coroutines(words, Named()), ["pass"])
        require_methods(words, Named(), "Named")
        Named.import_ = lambda self: 0  # type: ignore[assignment,method-assign,misc]
        (told,) = _check_handler(server, words, Named)
        self.assertIn("import_() takes 0 arguments, the IDL has 1", told.msg)

    def test_methods_of_each_kind_take_the_arguments(self) -> None:
        class Kinds(Handler):
            @staticmethod
            def add(text: str) -> int:
                return 0

            @classmethod
            def wait(cls, ticket: int) -> int:
                return 0

        class WrongKinds(Handler):
            @staticmethod
            def add() -> int:
                return 0

            @classmethod
            def wait(cls) -> int:
                return 0

        for handler in Kinds, Kinds():
            self.assertEqual(of_server(HANDLER=handler), [])
        for handler in WrongKinds, WrongKinds():
            told = [text for _, text in found(SERVERS={"a": {**PROBE, "HANDLER": handler}})]
            self.assertEqual(len(told), 2)
            self.assertIn("add() takes 0 arguments, the IDL has 1", told[0])
            self.assertIn("wait() takes 0 arguments, the IDL has 1", told[1])

    def test_hints_and_places(self) -> None:
        ((_, text),) = found(SERVRES={})
        self.assertIn("unknown key 'SERVRES'", text)
        self.assertIn("did you mean 'SERVERS'?", text)

    def test_an_address_for_all_is_told_of_before_deployment(self) -> None:
        everywhere = "0.0.0.0:9090", ":9090", "0:9090", "[::]:9090", "[::0]:9090"
        here = "9090", "127.0.0.1:9090", "[::1]:9090", "localhost:9090", "systemd"
        for bind in *everywhere, *here:
            told = ["thrift.W003"] if bind in everywhere else []
            with override_settings(THRIFT={"SERVERS": {"a": {**PROBE, "BIND": bind}}}):
                checks = run_checks(tags=["thrift"], include_deployment_checks=True)
            self.assertEqual([each.id for each in checks], told, bind)

    def test_what_the_server_cannot_listen_at_is_told_of(self) -> None:
        for bind in "127.0.0.1:0", "0", "*:9090", "nowhere", 9090:
            self.assertEqual(of_server(BIND=bind), ["thrift.E006"], bind)

    def test_hints_are_of_what_is_wrong(self) -> None:
        broken = Path(tempfile.mkdtemp()) / "broken.thrift"
        broken.write_text("struct A {\n  1: i32\n}")

        def hints(**options: Any) -> list[str | None]:
            with override_settings(THRIFT={"SERVERS": {"a": {**PROBE, **options}}}):
                return [each.hint for each in run_checks(tags=["thrift"])]

        self.assertEqual(hints(IDL=str(broken)), ["`fastthrift check` shows every mistake"])
        self.assertEqual(hints(IDL="nowhere.thrift"), ["a path relative to BASE_DIR"])
        module = Path(__file__).with_name("of_a_broken_file.py")
        module.write_text(f"import fastthrift\nfastthrift.load({str(broken)!r})\n")
        self.addCleanup(module.unlink)
        self.assertEqual(
            hints(HANDLER="probe.of_a_broken_file.Handler"),
            ["it loads a Thrift file: `fastthrift check` shows every mistake"],
        )

    def test_another_thread_than_the_main_one_serves_nothing(self) -> None:
        with (
            override_settings(THRIFT={"SERVERS": {"default": PROBE}}),
            ThreadPoolExecutor(1) as threads,
        ):
            for more in [], ["--reload"]:
                served = threads.submit(call_command, "runthrift", "0.0.0.0:9090", *more)
                with self.assertRaisesMessage(CommandError, "serves in the main thread"):
                    served.result(60)

    def test_checks_touch_no_network(self) -> None:
        client = {**CLIENT, "URL": "tls://calc.example:9090"}
        server = {**PROBE, "BIND": "calc.example:9090"}
        thrift = {"CLIENTS": {"a": client}, "SERVERS": {"a": server, "b": {**PROBE, "BIND": "0:1"}}}
        refused = {"side_effect": AssertionError("the network is asked")}
        with (
            override_settings(THRIFT=thrift),
            mock.patch("socket.socket", **refused) as sockets,
            mock.patch("socket.getaddrinfo", **refused) as names,
        ):
            told = run_checks(tags=["thrift"], include_deployment_checks=True)
        self.assertEqual([each.id for each in told], ["thrift.W003"])
        self.assertFalse(sockets.called or names.called)

    def test_the_command_passes(self) -> None:
        call_command("check")


class ClientTests(SimpleTestCase):
    def test_clients_follow_the_settings(self) -> None:
        with serve(idl.Probe, FakeService(idl.Probe, language="en")) as url:
            probe = {"probe": {**CLIENT, "URL": url}}
            with override_settings(THRIFT={"CLIENTS": probe}):
                self.assertEqual(clients["probe"].language(), "en")
                self.assertIs(clients["probe"], clients["probe"])
        with self.assertRaisesMessage(KeyError, "has no client 'probe': did you mean"):
            with override_settings(THRIFT={"CLIENTS": {"probes": CLIENT}}):
                clients["probe"]

    def test_clients_that_are_no_dict_are_told_of(self) -> None:
        for thrift, message in (
            (None, "THRIFT: None is no dict"),
            ({"CLIENTS": "probe"}, "THRIFT['CLIENTS']: 'probe' is no dict"),
        ):
            with override_settings(THRIFT=thrift), self.assertRaisesMessage(ValueError, message):
                clients["probe"]

    def test_slow_calls_are_warned_of(self) -> None:
        def call() -> list[str]:
            with self.assertLogs("fastthrift", "WARNING") as logs:
                client(idl.Probe, FakeService(idl.Probe, language="en")).language()
                logging.getLogger("fastthrift").warning("end")
            return [each.getMessage().split(" took ")[0] for each in logs.records[:-1]]

        with override_settings(THRIFT={"SLOW": 1e-9}):
            (told,) = {each.partition("()")[0] for each in call()}
            self.assertEqual(told, "Probe.language")
        self.assertEqual(call(), [])

    def test_a_fake_for_what_is_not_there(self) -> None:
        with self.assertRaises(KeyError), override_clients(nobody=object()):
            self.fail()


class UnitTests(TestCase):
    def heard(self, method: str, *arguments: Any, handler: Any = None) -> list[str]:
        told: list[str] = []

        def hear(signal: Any, sender: Any, call: Any, **more: Any) -> None:
            self.assertIs(sender, idl.Probe)
            told.append(f"{names[signal]} {call.method} {sorted(more)}")

        names = {call_started: "started", call_failed: "failed", call_finished: "finished"}
        for signal in names:
            signal.connect(hear)
        probe = client(idl.Probe, handler or Handler(), middleware=[unit_of_work])
        try:
            getattr(probe, method)(*arguments)
        except (LookupError, TException):
            told.append("raised")
        finally:
            for signal in names:
                signal.disconnect(hear)
        return told

    def test_signals(self) -> None:
        self.assertEqual(self.heard("count"), ["started count []", "finished count []"])
        failed = ["started", "failed", "finished"]
        self.assertEqual(
            [each.partition(" ")[0] for each in self.heard("write_and_fail")], [*failed, "raised"]
        )
        self.assertEqual(
            [each.partition(" ")[0] for each in self.heard("write_and_declare")],
            ["started", "finished", "raised"],
        )

    def test_a_test_in_a_transaction_keeps_it_and_its_queries(self) -> None:
        probe = client(idl.Probe, Handler(), middleware=[unit_of_work])
        with self.assertNumQueries(2):
            probe.add("kept")
            self.assertEqual(probe.count(), 1)
        self.assertTrue(connection.in_atomic_block)

    def test_what_a_receiver_raises_is_what_the_call_raises(self) -> None:
        def refuse(**_: Any) -> None:
            raise PermissionError

        call_started.connect(refuse)
        try:
            with self.assertRaises(PermissionError):
                client(idl.Probe, Handler(), middleware=[unit_of_work]).count()
        finally:
            call_started.disconnect(refuse)


@override_settings(
    ROOT_URLCONF=__name__,
    THRIFT={
        "CLIENTS": {"probe": CLIENT},
        "REQUEST_BUDGET": 0.05,
        "EXCEPTION_STATUS": {"Declared": 409},
    },
)
class MiddlewareTests(SimpleTestCase):
    failures: ClassVar[Any] = {
        503: TTransportException(TTransportException.NOT_OPEN, "secret"),
        504: TTransportException(TTransportException.TIMED_OUT, "secret"),
        502: TApplicationException(TApplicationException.INTERNAL_ERROR, "secret"),
        409: idl.Declared(),
    }

    def test_each_failure_has_its_status(self) -> None:
        for status, error in self.failures.items():
            with override_clients(probe=FakeService(idl.Probe, language=error)):
                for answer in self.client.get("/left"), asyncio.run(self._awaited()):
                    self.assertEqual(answer.status_code, status)
                    self.assertNotIn("secret", answer.content.decode())
                    self.assertEqual(set(json.loads(answer.content)), {"error", "client", "method"})

    def test_what_a_fake_fails_with_has_the_status_of_what_a_client_does(self) -> None:
        for error, status in (TimeoutError, 504), (ConnectionRefusedError, 503):
            with override_clients(probe=FakeService(idl.Probe, language=error)):
                for answer in self.client.get("/left"), asyncio.run(self._awaited()):
                    self.assertEqual(answer.status_code, status)

    async def _awaited(self) -> Any:
        return await AsyncClient().get("/left-awaited")

    def test_a_view_may_ask_what_a_failure_means(self) -> None:
        for status, error in self.failures.items():
            with self.subTest(status):
                failed = failure(error)
                self.assertEqual(failed.status, status)
                self.assertNotIn("secret", failed.error)
                headers = {"Retry-After": "1"} if status == 503 else {}
                self.assertEqual(dict(failed.headers), headers)
        with override_settings(DEBUG=True):
            self.assertEqual(failure(self.failures[504]).error, "secret")
        with override_settings(THRIFT={}):
            self.assertIsNone(failure(self.failures[409]))
        self.assertIsNone(failure(LookupError()))

    def test_calls_have_what_is_left_of_the_budget(self) -> None:
        def language() -> str:
            time.sleep(0.1)
            return clients["other"].language()

        other = {**CLIENT, "TIMEOUT": 60}
        thrift = {"CLIENTS": {"probe": CLIENT, "other": other}, "REQUEST_BUDGET": 0.05}
        with override_settings(THRIFT=thrift):
            with override_clients(probe=type("Late", (), {"language": staticmethod(language)})):
                self.assertEqual(self.client.get("/left").status_code, 504)
                self.assertEqual(asyncio.run(self._awaited()).status_code, 504)

    def test_other_exceptions_are_untouched(self) -> None:
        with override_clients(probe=FakeService(idl.Probe, language=ZeroDivisionError)):
            with self.assertRaises(ZeroDivisionError):
                self.client.get("/left")


@override_settings(THRIFT={"SERVERS": {"probe": PROBE}})
class LiveTests(TestCase):
    def test_connections_are_shared_for_as_long_as_a_server_lives(self) -> None:
        class Case(ThriftLiveServerTestCase):
            thrift_server = "probe"

        before = connection.allow_thread_sharing
        Case.setUpClass()
        self.assertTrue(connection.allow_thread_sharing)
        Case.doClassCleanups()
        self.assertEqual(connection.allow_thread_sharing, before)


@override_settings(
    ROOT_URLCONF=__name__,
    THRIFT={
        "SERVERS": {
            "probe": PROBE,
            "awaited": {**PROBE, "HANDLER": "probe.rpc.AsyncHandler"},
        }
    },
)
class ViewTests(TestCase):
    def post(self, data: bytes, where: str = "/thrift/", kind: str = "application/x-thrift") -> Any:
        return Client(enforce_csrf_checks=True).post(where, data, content_type=kind)

    def test_threads_that_come_at_once_share_one_handler(self) -> None:
        both_are_here = threading.Barrier(2, timeout=60)
        made: list[Handler] = []

        class Counted(Handler):
            def __init__(self) -> None:
                made.append(self)
                # The other thread, if it may come here as well, has the time to.
                with contextlib.suppress(threading.BrokenBarrierError):
                    both_are_here.wait(0.5)

            def add(self, text: str) -> int:
                return 7

        with override_settings(THRIFT={"SERVERS": {"probe": {**PROBE, "HANDLER": Counted}}}):
            view = thrift_view("probe", json=True)

            def ask(_: int) -> int:
                request = RequestFactory().post("/", {"text": "a"}, content_type="application/json")
                return view(request, "Probe/add").status_code

            with ThreadPoolExecutor(2) as threads:
                self.assertEqual([*threads.map(ask, range(2))], [200, 200])
        self.assertEqual(len(made), 1)

    def test_views_of_a_server_share_its_handler(self) -> None:
        made: list[Handler] = []

        class Counted(Handler):
            def __init__(self) -> None:
                made.append(self)

        def ask(alias: str) -> int:
            request = RequestFactory().post("/", {}, content_type="application/json")
            return thrift_view(alias, json=True)(request, "Probe/count").status_code

        counted = {**PROBE, "HANDLER": Counted}
        with override_settings(THRIFT={"SERVERS": {"probe": counted, "other": counted}}):
            self.assertEqual([ask("probe"), ask("probe")], [200, 200])
            self.assertEqual(len(made), 1)
            ask("other")
            self.assertEqual(len(made), 2, "a server of its own has its own")
        with override_settings(THRIFT={"SERVERS": {"probe": counted}}):
            ask("probe")
            self.assertEqual(len(made), 3, "other settings are another server")

    def test_a_handler_that_is_being_made_keeps_nobody_from_others(self) -> None:
        is_being_made, others_are_served = threading.Event(), threading.Event()
        found: dict[str, list[Any]] = {}

        def ask(alias: str) -> None:
            request = RequestFactory().post("/", {}, content_type="application/json")
            told = found.setdefault(alias, [])
            try:
                told.append(thrift_view(alias, json=True)(request, "Probe/language").status_code)
            except ImproperlyConfigured as error:
                told.append(str(error))

        class Slow(Handler):
            def __init__(self) -> None:
                is_being_made.set()
                found["slow"].append(others_are_served.wait(60))

        class Asking(Handler):
            def __init__(self) -> None:
                ask("probe")

        class AskingForItself(Handler):
            def __init__(self) -> None:
                ask("itself")

        handlers = {"probe": Handler, "slow": Slow, "asking": Asking, "itself": AskingForItself}
        servers = {alias: {**PROBE, "HANDLER": each} for alias, each in handlers.items()}
        with override_settings(THRIFT={"SERVERS": servers}):
            # Who waits for ever does not keep the tests from their end.
            slow, asking, itself = (
                threading.Thread(target=ask, args=(alias,), daemon=True)
                for alias in ("slow", "asking", "itself")
            )
            slow.start()
            self.assertTrue(is_being_made.wait(60))
            for thread in asking, itself:
                thread.start()
                thread.join(30)
            others_are_served.set()
            slow.join(60)
        self.assertEqual((found["slow"], found["asking"]), ([True, 200], [200]))
        mistake = "THRIFT['SERVERS']['itself']: its handler asks for itself while it is made"
        self.assertEqual(found["itself"], [mistake, 200])

    @modify_settings(MIDDLEWARE={"append": "probe.middleware.user_of_requests"})
    def test_a_handler_sees_the_request_with_what_middleware_has_put_on_it(self) -> None:
        for where in "/json/Probe/user", "/awaited/Probe/user":
            for user in "ann", "bob":
                with self.subTest(where):
                    answer = self.client.post(
                        where, b"{}", content_type="application/json", headers={"X-User": user}
                    )
                    self.assertEqual(json.loads(answer.content), user)

                    async def awaited(where: str = where, user: str = user) -> Any:
                        return await AsyncClient().post(
                            where, b"{}", content_type="application/json", headers={"X-User": user}
                        )

                    self.assertEqual(json.loads(asyncio.run(awaited()).content), user)
        self.assertIsNone(current_request())
        probe = client(idl.Probe, Handler(), middleware=[unit_of_work])
        self.assertEqual(probe.user(), "nobody")

    def test_a_handler_sees_who_is_logged_in(self) -> None:
        users = {"IDL": "notes/notes.thrift", "HANDLER": "notes.rpc_of_users.NotesOfUsers"}
        with override_settings(THRIFT={"SERVERS": {"probe": users}}):
            with self.assertLogs("fastthrift", "ERROR"):
                answer = self.client.post(
                    "/json/Notes/add", b'{"text": "milk"}', content_type="application/json"
                )
            self.assertEqual(answer.status_code, 500)
            self.client.force_login(get_user_model().objects.create_user("ann"))
            answer = self.client.post(
                "/json/Notes/add", b'{"text": "milk"}', content_type="application/json"
            )
            self.assertEqual(answer.status_code, 200)
        self.assertEqual(Note.objects.get().text, "ann: milk")

    def test_a_call_that_fails_is_rolled_back_as_a_view_that_raises(self) -> None:
        class Misfit(Handler):
            def add(self, text: str) -> str:
                super().add(text)
                return "no number"

        asked: Any = {"content_type": "application/json"}
        for where in "/json/Probe", "/awaited/Probe":
            for atomic in False, True:
                before = Note.objects.count()
                with (
                    mock.patch.dict(connection.settings_dict, ATOMIC_REQUESTS=atomic),
                    self.assertLogs("fastthrift", "ERROR"),
                ):
                    for method in "write_and_declare", "write_and_fail":
                        answer = self.client.post(f"{where}/{method}", b"{}", **asked)
                        self.assertGreaterEqual(answer.status_code, 400)
                    answer = self.client.post(f"{where}/add", b'{"text": "kept"}', **asked)
                    self.assertEqual(answer.status_code, 200)
                kept = 1 if atomic else 3
                self.assertEqual(Note.objects.count(), before + kept, (where, atomic))
        with (
            mock.patch.dict(connection.settings_dict, ATOMIC_REQUESTS=True),
            override_settings(THRIFT={"SERVERS": {"probe": {**PROBE, "HANDLER": Misfit}}}),
            self.assertLogs("fastthrift", "ERROR"),
        ):
            before = Note.objects.count()
            answer = self.client.post("/json/Probe/add", b'{"text": "lost"}', **asked)
            self.assertEqual((answer.status_code, Note.objects.count()), (500, before))

    def test_middleware_of_the_server_stands_around_calls(self) -> None:
        middleware = ["probe.middleware.language_of_calls"]
        with override_settings(THRIFT={"SERVERS": {"probe": {**PROBE, "MIDDLEWARE": middleware}}}):
            answer = self.post(b"{}", "/json/Probe/language", "application/json")
        self.assertEqual(json.loads(answer.content), "by the call")

    def test_json_needs_no_token(self) -> None:
        for where in "/json/Probe/add", "/awaited/Probe/add":
            answer = self.post(b'{"text": "x"}', where, "application/json")
            self.assertEqual((answer.status_code, type(json.loads(answer.content))), (200, int))
        answer = self.post(b"{}", "/json/Probe/count", "application/json")
        self.assertEqual(answer.content.strip(), b"2")

    def test_a_token_is_asked_for_where_that_is_wanted(self) -> None:
        options = {"json": True, "csrf_exempt": False}
        for view, status in (
            (csrf_protect(thrift_view("probe", **options)), 403),
            (csrf_protect(thrift_view("probe", json=True)), 200),
        ):
            request = RequestFactory(enforce_csrf_checks=True).post(
                "/", {}, content_type="application/json"
            )
            self.assertEqual(view(request, "Probe/count").status_code, status)

    def test_a_body_that_cannot_be_read_is_a_bad_request(self) -> None:
        class Broken(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                # As gunicorn's for chunks that are none; and Django's own for a client that left.
                raise LookupError if chunked else ConnectionResetError

        for alias in "probe", "awaited":
            for chunked in True, False:
                environ = {"wsgi.input": Broken(), "wsgi.input_terminated": True}
                if chunked:
                    environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
                else:
                    environ["CONTENT_LENGTH"] = "5"
                request = RequestFactory().post(
                    "/", b"", content_type="application/x-thrift", **environ
                )
                answer = thrift_view(alias)(request)
                self.assertEqual((alias, chunked, answer.status_code), (alias, chunked, 400))

    def test_what_is_no_call(self) -> None:
        self.assertEqual(self.client.get("/thrift/").status_code, 405)
        self.assertEqual(self.post(b"x").status_code, 400)
        self.assertIn(self.post(b"").status_code, (400, 411))
        self.assertEqual(self.post(b"x" * 1001).status_code, 413)
        self.assertEqual(self.post(b"{}", "/thrift/", "text/plain").status_code, 415)
        with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10):
            answer = self.post(b'{"text": "more than ten"}', "/json/Probe/add", "application/json")
        self.assertEqual(answer.status_code, 413)
        with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=0):
            answer = self.post(b"{}", "/json/Probe/count", "application/json")
        self.assertEqual(answer.status_code, 413)
