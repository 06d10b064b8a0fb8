"""Services that answer what a test says."""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from fastthrift._calls.client_call import name_arguments
from fastthrift._calls.deadlines import within_timeout
from fastthrift._calls.described import ServiceMethod
from fastthrift._calls.failures import add_description, describe, note_declared
from fastthrift._calls.pooling import no_counts
from fastthrift._calls.selected import with_fields
from fastthrift._calls.services import check_service, is_given_timeout, method_of, warn_of_hidden
from fastthrift._core import Selection, deserialize, serialize, to_dict
from fastthrift._plain import UnknownMethod, declared_by, require_method, signature
from fastthrift.protocol.exc import TProtocolException
from fastthrift.thrift import TApplicationException, TException
from fastthrift.transport.base import (
    TTransportConnectionReset,
    TTransportException,
    TTransportTimeout,
)

if TYPE_CHECKING:
    from typing_extensions import Self

_T = TypeVar("_T")

# What it has of a pool, unless it is told to answer for methods of these names.
_OF_POOLS = ("aclose", "client", "close", "stats", "with_fields", "with_options")

# What a client raises that no IDL declares.
_OF_CALLS = (TApplicationException, TProtocolException, TTransportException)


class FakeService:
    """Stands for a client of a service, or for its handler, and answers what it was told::

        with FakeService(idl.Calculator, add=lambda a, b: 42, divide=TimeoutError) as fake:
            fake.add(1, 2)          # 42
            fake.divide(1, 0)       # raises TimeoutError
        fake.calls                  # [("add", (1, 2)), ("divide", (1, 0))]

    An answer is a function of the arguments, an exception (a class or an object) that is raised,
    or a value. A ``TimeoutError`` or another ``OSError`` is raised as a client does that had no
    answer in time, or that reached nobody: as a ``TTransportException``. Arguments and answers are
    encoded and decoded as in a call, so that they are of the types of the IDL, and nothing is
    shared.

    A call of a method without an answer, an answer that does not fit its type, and an exception of
    the IDL that its method does not declare are mistakes of the test: an ``AssertionError`` is
    raised by the call, and once more at the end of a ``with`` block, in case that the program
    under test has caught it.
    """

    def __init__(
        self, service: Any, answers: Mapping[str, Any] | None = None, /, **methods: Any
    ) -> None:
        """``answers`` is for methods whose names cannot be keywords. Raises ``TypeError`` for
        methods that the service does not have."""
        check_service(service, type(self).__name__)
        self._service = service
        self._answers: dict[str, Any] = {}
        self._mistakes: list[AssertionError] = []
        #: The calls so far: the method, and its arguments in the order of the IDL.
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        for name, answer in {**(answers or {}), **methods}.items():
            self._answers[self._method(name)] = answer
        self._show_answered()
        warn_of_hidden(self, service)

    def _show_answered(self) -> None:
        """What it was told to answer is the service's; it stands for clients and handlers, too."""
        for name in self._answers.keys() & set(_OF_POOLS):
            if name in self._service.thrift_services:
                setattr(self, name, ServiceMethod(self._make_call, self, name))
            else:
                self.__dict__.pop(name, None)

    def _method(self, name: str) -> str:
        try:
            return method_of(self, self._service, name)
        except AttributeError:
            pass
        try:
            return require_method(self._service, name)
        except UnknownMethod as error:
            raise TypeError(str(error)) from None

    def __getattr__(self, name: str) -> Any:
        # `_service` is missing on an object that __init__ has not run on, as copy makes them.
        if name == "_service":
            raise AttributeError(name)
        return ServiceMethod(self._make_call, self, method_of(self, self._service, name))

    @staticmethod
    def _make_call(fake: Any, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        return fake._call(_api, args, kwargs)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._service.thrift_services]

    def _call(self, api: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        answer = self._begin(api, args, kwargs)
        try:
            value = answer()
        except Exception as error:
            raised = self._raised(api, error)
            raise raised from raised.__cause__
        return self._answered(api, value)

    def _begin(self, api: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Note a call; gives a function for its answer."""
        if is_given_timeout(self._service, api, kwargs):
            # As by clients and pools it is looked at; a fake takes no time.
            within_timeout(kwargs)
        named = name_arguments(self._service, api, args, kwargs)
        holder = getattr(self._service, f"{api}_args")()
        for name, value in named.items():
            setattr(holder, name, value)
        arrived = _sent(holder)
        values = tuple(getattr(arrived, field[1]) for field in holder.thrift_spec.values())
        self.calls.append((api, values))
        if api not in self._answers:
            raise self._mistake(
                f"{self._name}.{api}() was called with {values!r}, and the fake has no answer for "
                f"it: give it one, as FakeService({self._name}, {api}=...)"
            )
        answer = self._answers[api]

        def give() -> Any:
            if isinstance(answer, BaseException) or _is_exception(answer):
                raise answer
            # A mutable argument is the handler's own, as on a server.
            return answer(*values) if callable(answer) else answer

        return give

    def _answered(self, api: str, value: Any) -> Any:
        """What a client has of a value that was answered."""
        holder = self._whole_result(api)
        if 0 not in holder.thrift_spec:
            return None
        if value is None:
            raise self._mistake(f"the fake answers {self._shown(api)} with None")
        holder.success = value
        try:
            arrived = _answer_in(holder)
        except TException as error:
            raise self._mistake(
                f"the fake answers {self._shown(api)} with {value!r}: {error}"
            ) from None
        kind = getattr(self._service, f"{api}_result")
        if not isinstance(arrived, kind):
            # A view's, which has the fields that are named.
            arrived = deserialize(kind(), serialize(arrived))
        return arrived.success

    def _whole_result(self, api: str) -> Any:
        """What is answered to a call, whatever fields this view of the fake gives of it."""
        service = getattr(self._service, "__fastthrift_whole__", self._service)
        return getattr(service, f"{api}_result")()

    def _raised(self, api: str, error: Exception) -> Exception:
        """What a client raises for an exception that was answered."""
        if isinstance(error, _OF_CALLS):
            describe(error, self._service, api, None, sent=True)
            return error
        if isinstance(error, OSError) and not isinstance(error, TException):
            return self._of_connection(api, error)
        declared = tuple(declared_by(self._service, api))
        if isinstance(error, declared):
            return self._declared(api, error)
        if isinstance(error, TException) and getattr(error, "thrift_spec", None):
            return self._mistake(
                f"the fake raises {type(error).__name__} in {self._shown(api)}, which does not "
                f"declare it: a client would not see it"
            )
        return error

    def _of_connection(self, api: str, error: OSError) -> TTransportException:
        """What a client raises for an error of its connection, whose cause it is."""
        failure: TTransportException
        is_late = isinstance(error, TimeoutError)
        is_lost = isinstance(error, (BrokenPipeError, ConnectionResetError))
        if is_late:
            failure = TTransportTimeout(message=str(error) or "timed out")
        elif is_lost:
            failure = TTransportConnectionReset(message=str(error) or "Connection reset by peer")
        else:
            reason = str(error) or type(error).__name__
            failure = TTransportException(
                TTransportException.NOT_OPEN, f"Could not connect: {reason}"
            )
        describe(failure, self._service, api, None, sent=is_late or is_lost)
        add_description(failure)
        failure.__cause__ = error
        return failure

    def _declared(self, api: str, error: Exception) -> Exception:
        holder = self._whole_result(api)
        spec = holder.thrift_spec
        name = next(f[1] for i, f in sorted(spec.items()) if i and isinstance(error, f[2]))
        setattr(holder, name, error)
        try:
            arrived: Exception = getattr(_answer_in(holder), name)
        except TException as wrong:
            return self._mistake(
                f"the fake raises {error!r} in {self._shown(api)}, which cannot be sent: {wrong}"
            )
        note_declared(arrived, None, api)
        return arrived

    def _mistake(self, text: str) -> AssertionError:
        error = AssertionError(text)
        self._mistakes.append(error)
        return error

    @property
    def _name(self) -> str:
        return str(self._service.__name__)

    def _shown(self, api: str) -> str:
        return f"{self._name}.{signature(self._service, api)}"

    # As a pool

    @contextlib.contextmanager
    def client(self) -> Iterator[Self]:
        """Itself, as a pool gives one connection for several calls."""
        yield self

    def with_options(self, **options: Any) -> Self:
        """Itself, as a pool gives a view with other options."""
        return self

    def with_fields(self, *paths: str | Selection) -> Self:
        """A view of it, as a pool gives one: with the methods whose results have these fields, and
        no other fields in its answers. It has the same ``calls``. Raises ``ValueError`` as a pool
        does, where no method has them."""
        view = copy.copy(self)
        view._service = with_fields(self._service, paths)
        view._show_answered()
        return view

    def stats(self) -> dict[str, int]:
        """What a pool tells of its connections: a fake has none."""
        return {"open": 0, "busy": 0, "idle": 0, **no_counts()}

    def close(self) -> None:
        """Raise the ``AssertionError`` of the first mistake, if there was one."""
        self._raise_mistake()

    def _raise_mistake(self) -> None:
        if self._mistakes:
            raise self._mistakes[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if error[:1] == (None,):
            self._raise_mistake()


class AsyncFakeService(FakeService):
    """``FakeService`` for asyncio: its methods are awaited, and functions that answer may be
    coroutine functions."""

    @staticmethod
    async def _make_call(fake: Any, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        return await fake._call(_api, args, kwargs)

    async def _call(self, api: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        answer = self._begin(api, args, kwargs)
        try:
            value = answer()
            if inspect.isawaitable(value):
                value = await value
        except Exception as error:
            raised = self._raised(api, error)
            raise raised from raised.__cause__
        return self._answered(api, value)

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Self]:  # type: ignore[override]
        """Itself, as a pool gives one connection for several calls."""
        yield self

    async def aclose(self) -> None:
        """``close``, as a pool has it for asyncio."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.__exit__(*error)


def _is_exception(answer: Any) -> bool:
    return isinstance(answer, type) and issubclass(answer, BaseException)


def _sent(payload: _T) -> _T:
    """What arrives of a struct that is sent."""
    return deserialize(type(payload)(), serialize(payload))


def _answer_in(result: _T) -> _T:
    """What arrives of an answer. Raises ``TProtocolException`` for one that cannot be sent, and
    for a union in it that has not exactly one field: the codec sends that, and Apache's libraries
    do not take it."""
    arrived = _sent(result)
    to_dict(arrived)
    return arrived
