"""Thrift in the tests of Django projects."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import TransactionTestCase
from django.test.utils import TestContextDecorator

from fastthrift.pool import ClientPool
from fastthrift.testing import serve

from .clients import clients
from .servers import Server, server
from .units import unit_of_work

if TYPE_CHECKING:
    from fastthrift._calls.observed import Answer, Call

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
    unit of work.
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


def _with_shared_databases(stack: ExitStack) -> Any:
    """Middleware that gives its threads the connections of this one to databases in memory, which
    are gone where another connection is made. At the end of the stack they are this thread's."""
    shared = {
        connection.alias: connection
        for connection in connections.all()
        if connection.vendor == "sqlite" and connection.is_in_memory_db()
    }
    for connection in shared.values():
        connection.inc_thread_sharing()
        stack.callback(connection.dec_thread_sharing)

    def middleware(get_response: Answer) -> Answer:
        def answer(call: Call) -> Any:
            for alias, connection in shared.items():
                connections[alias] = connection
            return get_response(call)

        return answer

    return middleware
