"""Thrift in the tests of Django projects."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import TransactionTestCase
from django.test.utils import TestContextDecorator

from fastthrift.pool import ClientPool
from fastthrift.testing import serve

from .clients import clients
from .servers import Server, server
from .units import in_event_loop, unit_of_work

if TYPE_CHECKING:
    from fastthrift._calls.observed import Answer, Call, Middleware

__all__ = ["ThriftLiveServerTestCase", "override_clients"]


class override_clients(TestContextDecorator):
    """Have objects in the place of clients of the settings, such as fakes of
    ``fastthrift.testing``: within a ``with`` block, a test, or all tests of a class::

        with override_clients(calc=fake):
            clients["calc"].add(1, 2)       # is fake.add(1, 2)

    Raises ``KeyError`` for a name that the settings do not have.
    """

    def __init__(self, **fakes: Any) -> None:
        super().__init__()
        self._fakes = fakes
        self._put: list[str] = []

    def enable(self) -> None:
        """Called by Django when it begins."""
        try:
            for name, fake in self._fakes.items():
                clients.put(name, fake)
                self._put.append(name)
        except KeyError:
            self.disable()
            raise

    def disable(self) -> None:
        """Called by Django when it ends."""
        while self._put:
            clients.take_back(self._put.pop())

    def decorate_class(self, cls: type) -> type:
        """Called by Django for a class: around its tests, one by one."""
        decorated: Any = cls
        begin = decorated.setUp

        def set_up(case: Any) -> None:
            self.enable()
            case.addCleanup(self.disable)
            begin(case)

        decorated.setUp = set_up
        return cls


class ThriftLiveServerTestCase(TransactionTestCase):
    """A test case with a server of the settings at a port that was free, in threads.

    ``thrift_server`` is its alias; ``service`` and ``handler`` serve something else. ``thrift_url``
    is where it is, and ``thrift`` a client of it. Calls use the database of the tests, each as a
    unit of work, and keep no connection to it.
    """

    thrift_server = "default"
    service: Any = None
    handler: Any = None
    thrift_url: str
    thrift: Any

    @classmethod
    def setUpClass(cls) -> None:
        """Start the server."""
        super().setUpClass()
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        if cls.handler is None:
            configured = server(cls.thrift_server)
            service, handler = configured.load()
        elif cls.service is None:
            raise ImproperlyConfigured(f"{cls.__name__} has a handler, and no service")
        else:
            configured = Server({}, cls.__name__)
            service, handler = cls.service, cls.handler
        around = [_with_shared_databases(stack), unit_of_work, *configured.middleware()]
        cls.thrift_url = stack.enter_context(serve(service, handler, middleware=around))
        cls.thrift = stack.enter_context(ClientPool(service, cls.thrift_url))


def _with_shared_databases(stack: ExitStack) -> Middleware:
    """Middleware that gives its threads the connections of this one to databases in memory, which
    are gone where another connection is made; others are closed when their thread has nothing to
    do, for the database of the tests cannot be dropped while they are open. At the end of the stack
    the shared ones are this thread's."""
    shared = {
        connection.alias: connection
        for connection in connections.all()
        if connection.vendor == "sqlite" and connection.is_in_memory_db()
    }
    for connection in shared.values():
        connection.inc_thread_sharing()
        stack.callback(connection.dec_thread_sharing)
        stack.enter_context(connection.execute_wrapper(_OneAtATime()))
    return partial(_Lent, _Threads(shared))


class _OneAtATime:
    """Executes what several threads execute on one connection in turn: they would be given the same
    prepared statement where they begin at once, which SQLite refuses as misuse."""

    def __init__(self) -> None:
        # Another wrapper, or a function that SQLite calls, may execute something itself.
        self._lock = threading.RLock()

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        with self._lock:
            return execute(sql, params, many, context)


class _Threads:
    """The connections of threads that make calls."""

    def __init__(self, shared: Mapping[str, Any]) -> None:
        self._shared = shared
        # Of each thread the number of calls that are being made, and what it had before.
        self._of_thread = threading.local()

    def begin(self) -> None:
        """A call begins in this thread."""
        mine = self._of_thread
        mine.calls = getattr(mine, "calls", 0) + 1
        if mine.calls > 1:
            return
        before = {each.alias: each for each in connections.all(initialized_only=True)}
        mine.before = {alias: before[alias] for alias in self._shared if alias in before}
        for alias, connection in self._shared.items():
            connections[alias] = connection

    def end(self) -> None:
        """A call has ended in this thread."""
        mine = self._of_thread
        mine.calls -= 1
        if mine.calls:
            return
        for alias in self._shared:
            del connections[alias]
        connections.close_all()
        for alias, connection in mine.before.items():
            connections[alias] = connection


class _Lent:
    """Answers calls with the connections of ``_Threads``."""

    def __init__(self, threads: _Threads, get_response: Answer) -> None:
        self._threads = threads
        self._get_response = get_response

    def __call__(self, call: Call) -> Any:
        if in_event_loop():
            return self._awaited(call)
        self._threads.begin()
        try:
            return self._get_response(call)
        finally:
            self._threads.end()

    async def _awaited(self, call: Call) -> Any:
        # The thread of `sync_to_async` has the connections.
        await sync_to_async(self._threads.begin)()
        try:
            answer = self._get_response(call)
            return await answer if inspect.isawaitable(answer) else answer
        finally:
            await sync_to_async(self._threads.end)()
