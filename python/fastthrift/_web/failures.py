"""What a failed call means to whoever has asked a web application for something.

=======================================================  ======  ===============================
The service cannot be reached, or all connections are    503     with ``Retry-After``
busy
It did not answer in time                                504
It had no answer, one that cannot be read, or hung up    502
An exception that it declares                            of its  as ``statuses`` say; otherwise it
                                                         own     is the application's matter
=======================================================  ======  ===============================

Arguments that cannot be sent are no failure of a service: a mistake of the application, or of its
user, where ``TEncodeException`` is given a status.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fastthrift._calls.failures import call_of_declared
from fastthrift._exceptions import TApplicationException, TDecodeException, TException
from fastthrift._web.clients import nearest
from fastthrift.protocol.exc import TEncodeException, TProtocolException
from fastthrift.transport.base import TTransportException

#: Seconds after which a client may try again where a service cannot be reached.
RETRY_AFTER = 1

UNREACHABLE = "the service cannot be reached"
BUSY = "too many requests wait for the service"
LATE = "the service did not answer in time"
NO_ANSWER = "the service gave no usable answer"


class Failure(NamedTuple):
    """A failed call as the answer to an HTTP request."""

    status: int
    #: What it says; nothing of the service's own, unless that was asked for.
    error: str
    #: The name of the client and of the method, where they are known.
    client: str | None
    method: str | None
    #: Further headers of the answer.
    headers: tuple[tuple[str, str], ...] = ()

    def body(self) -> dict[str, str | None]:
        """What is answered, as JSON."""
        return {"error": self.error, "client": self.client, "method": self.method}


def failure_of(
    error: BaseException, statuses: Mapping[Any, int] | None = None, *, debug: bool = False
) -> Failure | None:
    """What an exception of a call means; None for one that is left to the application.

    ``statuses`` are those of exceptions that a service declares, by their name, by that with the
    module's (``users.NotFound``), or by their class; of several the most specific one. ``debug``
    is whether the text of the exception is told.
    """
    status, text = _status(error, statuses or {})
    if status is None:
        return None
    return Failure(
        status,
        str(getattr(error, "message", None) or error) if debug else text,
        *_call_of(error),
        (("Retry-After", str(RETRY_AFTER)),) if status == 503 else (),
    )


def _status(error: BaseException, statuses: Mapping[Any, int]) -> tuple[int | None, str]:
    if isinstance(error, TTransportException):
        if error.pool_is_busy:
            return 503, BUSY
        # Where a connection was not to be had in time it is a TimeoutError as well.
        if error.type == TTransportException.NOT_OPEN:
            return 503, UNREACHABLE
        if isinstance(error, TimeoutError) or error.type == TTransportException.TIMED_OUT:
            return 504, LATE
        return 502, NO_ANSWER
    is_unsent = isinstance(error, TEncodeException)
    if not is_unsent and isinstance(
        error, (TApplicationException, TProtocolException, TDecodeException)
    ):
        return 502, NO_ANSWER
    if isinstance(error, TException):
        for kind in type(error).__mro__:
            for key in (kind, f"{kind.__module__}.{kind.__name__}", kind.__name__):
                if key in statuses:
                    return statuses[key], type(error).__name__
    return None, ""


def _call_of(error: BaseException) -> tuple[str | None, str | None]:
    """The client and the method of the call that an exception is of, where it is known. Fields
    that a service declares may have the same names."""
    if isinstance(
        error, (TTransportException, TApplicationException, TProtocolException, TDecodeException)
    ):
        return getattr(error, "client", None), getattr(error, "method", None)
    return call_of_declared(error)


def status_problem(statuses: Any) -> str | None:
    """What cannot be in a table of statuses; None where all can."""
    if not isinstance(statuses, Mapping):
        return f"{statuses!r} is no dict of names of exceptions and statuses"
    for name, status in statuses.items():
        is_error = isinstance(name, type) and issubclass(name, TException)
        if not (isinstance(name, str) or is_error):
            return f"{name!r} is no name of an exception, and no class of one"
        if isinstance(status, bool) or not isinstance(status, int) or not 400 <= status <= 599:
            return f"{status!r}, of {name!r}, is no status of an error: it must be 400 to 599"
    return None


def mistaken_names(statuses: Mapping[Any, int]) -> Iterator[tuple[str, str]]:
    """The names in a table of statuses that no exception has, with what was meant where one has a
    similar name: of what is loaded by now, so that nothing is said of a name that is like none."""
    known = {
        name
        for kind in _subclasses(TException)
        for name in (kind.__name__, f"{kind.__module__}.{kind.__name__}")
    }
    for name in statuses:
        if isinstance(name, str) and name not in known and (hint := nearest(name, known)):
            yield f"{name!r} is no exception that is loaded", hint


def _subclasses(kind: Any) -> Iterator[Any]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)
