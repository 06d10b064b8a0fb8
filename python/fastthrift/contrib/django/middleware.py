"""Middleware of Django for requests whose views call services."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, JsonResponse

import fastthrift

from .conf import part
from .failures import failure

logger = logging.getLogger("fastthrift.client")


class _Middleware:
    """For views and middleware that are called, and those that are awaited."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            this: Any = self
            markcoroutinefunction(this)


class DeadlineMiddleware(_Middleware):
    """All calls of a request have ``THRIFT["REQUEST_BUDGET"]`` seconds together; without it there
    is no limit. What a response streams later is not part of it."""

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request."""
        if self.is_async:
            return self._answer(request)
        with self._budget():
            return self.get_response(request)

    async def _answer(self, request: HttpRequest) -> Any:
        with self._budget():
            return await self.get_response(request)

    def _budget(self) -> AbstractContextManager[object]:
        seconds = part("REQUEST_BUDGET")
        return nullcontext() if seconds is None else fastthrift.deadline(seconds)


class ErrorMiddleware(_Middleware):
    """Answers requests whose view let the failure of a call pass, with JSON: 503 and
    ``Retry-After`` for a service that cannot be reached, 504 for one that was late, 502 for one
    without a usable answer; declared exceptions as ``THRIFT["EXCEPTION_STATUS"]`` says. Nothing
    else is touched. The texts of exceptions are told with ``DEBUG`` alone."""

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What to answer for an exception of a view; None for Django's own answer."""
        failed = failure(exception)
        if failed is None:
            return None
        if failed.status >= 500:
            logger.warning("%s %s: %s", request.method, request.path, exception)
        return JsonResponse(failed.body(), status=failed.status, headers=dict(failed.headers))
