"""A pool as programs see it: what it is made with, and the methods of its service."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from fastthrift._calls.deadlines import clock
from fastthrift._calls.described import ServiceMethod
from fastthrift._calls.headers import text_of
from fastthrift._calls.pool_calls import PoolCalls, end_of_call
from fastthrift._calls.pooling import PoolOptions, options_of_view, with_methods
from fastthrift._calls.selected import with_fields
from fastthrift._calls.services import check_service, method_of, warn_of_hidden
from fastthrift.transport._addresses import host_and_port

if TYPE_CHECKING:
    from typing_extensions import Self

    from fastthrift._calls.observed import Answer, Call, Middleware
    from fastthrift._calls.steps import Steps
    from fastthrift._core import Selection


class PoolFace(ABC):
    """A pool as programs see it: the methods of a service, by whichever driver."""

    def __init__(
        self,
        service: Any,
        url: Any,
        *more: NoReturn,
        size: int = 16,
        timeout: float | None = 3.0,
        connect_timeout: float | None = 1.0,
        checkout_timeout: float | None = None,
        max_idle: float | None = 30.0,
        max_age: float | None = 300.0,
        idempotent: Sequence[str] = (),
        retries: int = 1,
        proto_factory: Any = None,
        trans_factory: Any = None,
        ssl_context: Any = None,
        check_seqid: bool = True,
        middleware: Iterable[Middleware] = (),
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``url`` is like ``tcp://host:9090?protocol=compact&transport=framed``, or a list of
        such, which take turns; ``fastthrift.urls`` tells all that it may be.

        Times are in seconds, None for any time. ``timeout`` is that of a call as a whole: waiting
        for one of the ``size`` connections (no longer than ``checkout_timeout``), finding the
        addresses of a name and connecting (each no longer than ``connect_timeout``) and further
        attempts included; a
        ``fastthrift.deadline`` may make it shorter. A connection that was idle for ``max_idle``, or
        is older than ``max_age``, is not used again. An idempotent call is made ``retries`` more
        times at most. ``proto_factory`` and ``trans_factory`` take the place of what the URL says;
        ``ssl_context`` is for ``tls`` and ``https``. ``middleware`` stands around each call, with
        all its attempts (see ``fastthrift.hooks``). ``name`` is what errors call the pool.
        ``headers`` go with each call, over THeader and HTTP.

        Raises ``ValueError`` and ``TypeError`` for options that are none, for headers where the
        transport has none, and for a context where no URL is of encrypted connections.
        """
        user = type(self).__name__
        check_service(service, user)
        if more:
            where = host_and_port(url, more[0]) if isinstance(more[0], int) else "host:9090"
            raise TypeError(
                f"{user} takes a service and a url, or a list of urls, and options by name: a host "
                f"and a port are 'tcp://{where}'"
            )
        options = PoolOptions(
            size=size,
            timeout=timeout,
            connect_timeout=connect_timeout,
            checkout_timeout=checkout_timeout,
            max_idle=max_idle,
            max_age=max_age,
            idempotent=idempotent,  # type: ignore[arg-type]
            retries=retries,
            headers=text_of(headers),
        )
        self._service = service
        self._options = with_methods(service, options)
        self._around: Answer | None = None
        if middleware:
            from fastthrift._calls.observed import through

            self._around = through(middleware)
        made_of = proto_factory, trans_factory, ssl_context, check_seqid
        self._calls = self._driver(service, self._options, url, made_of)
        self._calls.name = name
        self._tell_of_hidden()

    def _tell_of_hidden(self) -> None:
        warn_of_hidden(self, self._service)

    @abstractmethod
    def _driver(self, service: Any, options: PoolOptions, url: Any, made_of: Any) -> PoolCalls:
        """What makes the calls."""

    @abstractmethod
    def _call(self, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        """Make a call, or give what is to be awaited."""

    def __getattr__(self, name: str) -> ServiceMethod:
        service = self.__dict__.get("_service")
        if service is None:
            # __init__ has not run on it.
            raise AttributeError(f"{type(self).__name__} instance has no attribute {name!r}")
        if name not in service.thrift_services:
            name = method_of(self, service, name)
        return ServiceMethod(self._call, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._service.thrift_services]

    def __repr__(self) -> str:
        where = ", ".join(map(str, self._calls.addresses))
        return f"<{type(self).__name__} of {self._service.__name__} at {where}>"

    def __copy__(self) -> Self:
        return self.with_options()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"{self!r} cannot be pickled: its connections are those of this process. Make a pool "
            "in each process; what is forked has connections of its own by itself"
        )

    def with_options(self, **options: Any) -> Self:
        """The pool with other options, and the same connections: ``timeout``,
        ``checkout_timeout``, ``idempotent`` or ``retries``."""
        other = type(self).__new__(type(self))
        other._service, other._calls, other._around = self._service, self._calls, self._around
        other._options = options_of_view(self._service, self._options, options)
        return other

    def with_fields(self, *paths: str | Selection) -> Self:
        """The pool with the same connections, whose results have the fields at ``paths`` only, as
        ``fastthrift.select`` takes them: all else in a reply is passed over. It has the methods
        that answer with such fields; raises ``ValueError`` where there is none."""
        other = self.with_options()
        other._service = with_fields(self._service, paths)
        other._options = replace(self._options, selected=other._service)
        return other

    def stats(self) -> dict[str, int]:
        """How many connections are ``open``, ``busy`` and ``idle``, and how often there were
        ``connects``, ``reconnects`` (a dead connection was replaced), ``retries`` and
        ``timeouts``."""
        return self._calls.stats()


# What a face asks for, by its driver: attributes of it would hide methods of the service.


def call_seen(
    pool: PoolFace, options: PoolOptions, go: Any, api: str, args: Any, kwargs: Any
) -> Steps[Any]:
    """Make a call of a pool that somebody may look at; ``go`` goes through steps."""
    straight = pool._calls.call

    def attempts(seen: Call) -> Any:
        return go(straight(options, seen.method, seen.args, seen.kwargs, seen=seen))

    return seen_or_not(
        pool, options, api, args, kwargs, attempts, lambda: straight(options, api, args, kwargs)
    )


def seen_or_not(
    pool: PoolFace,
    options: PoolOptions,
    api: str,
    args: Any,
    kwargs: Any,
    attempts: Callable[[Call], Any],
    straight: Callable[[], Steps[Any]],
) -> Steps[Any]:
    """Make a call by ``attempts`` where somebody looks at it, and ``straight`` elsewhere."""
    from fastthrift._calls.observed import is_observed, new_call, observe

    if not is_observed(pool._around):
        return straight()
    seen = new_call(pool._service, api, args, kwargs)
    seen.deadline = end_of_call(options, clock())
    return observe(seen, pool._around, attempts)


def close(pool: PoolFace) -> None:
    """Close the connections of a pool."""
    pool._calls.close()
