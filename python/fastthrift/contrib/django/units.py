"""Every call of a handler is a unit of work, as a request is to Django's views.

Before it, in the thread that runs it, the log of queries is emptied, database connections that are
broken or too old are closed, language, time zone and URLconf are those of the settings; after it
connections are closed likewise (``databases.py``).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.urls import set_urlconf
from django.utils import timezone, translation

from fastthrift._calls.server_call import declare

from .databases import begin_unit, end_unit
from .signals import call_failed, call_finished, call_started

if TYPE_CHECKING:
    from fastthrift._calls.observed import Answer, Call, Middleware

#: What the call has failed with that a request of Django is, for its view.
failures_of_request: ContextVar[list[BaseException] | None] = ContextVar(
    "fastthrift.django.failures", default=None
)


def unit_of_work(get_response: Answer) -> Answer:
    """Middleware of processors that makes each call a unit of work. Outermost."""
    return _Units(get_response, own=True)


def within_request(get_response: Answer) -> Answer:
    """Middleware for calls that are requests of Django, which keeps connections and the language
    for them: the signals are left."""
    return _Units(get_response, own=False)


class _Units:
    """Answers calls, each as a unit of work."""

    def __init__(self, get_response: Answer, *, own: bool) -> None:
        self._get_response = get_response
        self._own = own

    def __call__(self, call: Call) -> Any:
        if in_event_loop():
            return self._awaited(call)
        try:
            self._begin(call)
            return self._get_response(call)
        except Exception as error:
            note_failure(error)
            _tell_of_failure(call, error)
            raise
        finally:
            self._end(call)

    async def _awaited(self, call: Call) -> Any:
        """Answer a call on an event loop. The database is used in the thread of
        ``sync_to_async``."""
        try:
            await sync_to_async(self._begin)(call)
            answer = self._get_response(call)
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as error:
            note_failure(error)
            await sync_to_async(_tell_of_failure)(call, error)
            raise
        finally:
            await sync_to_async(self._end)(call)

    def _begin(self, call: Call) -> None:
        if self._own:
            begin_unit()
            translation.deactivate()
            timezone.deactivate()
            set_urlconf(None)
        call_started.send(sender=call.service, call=call)

    def _end(self, call: Call) -> None:
        try:
            call_finished.send_robust(sender=call.service, call=call)
        finally:
            if self._own:
                end_unit()


def in_event_loop() -> bool:
    """Whether a call is made on one, where its answer is awaited."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def note_failure(error: BaseException) -> None:
    """The call has failed, which is one of a request or none."""
    failures = failures_of_request.get()
    if failures is not None:
        failures.append(error)


def _tell_of_failure(call: Call, error: Exception) -> None:
    result = getattr(call.service, f"{call.method}_result")()
    if not declare(error, result):
        call_failed.send_robust(sender=call.service, call=call, exception=error)


def atomic_calls(databases: Sequence[str]) -> Middleware:
    """Middleware that makes each call a transaction of these databases, innermost. Any exception
    of the handler rolls it back, one that the service declares as well, as any exception of a view
    does with ``ATOMIC_REQUESTS``."""

    def middleware(get_response: Answer) -> Answer:
        def answer(call: Call) -> Any:
            with ExitStack() as stack:
                for database in databases:
                    stack.enter_context(transaction.atomic(using=database))
                return get_response(call)

        return answer

    return middleware
