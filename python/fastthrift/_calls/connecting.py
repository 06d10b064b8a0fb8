"""From a socket, or what stands for one, to a client."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from fastthrift._calls.factories import made_by
from fastthrift._calls.failures import add_description, describe
from fastthrift._calls.progress import bounds
from fastthrift._calls.transports import find_layer, peer_of
from fastthrift.transport.base import TTransportException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastthrift._calls.observed import Middleware
    from fastthrift._calls.steps import Steps


def connect(
    closing: ExitStack,
    client_class: Any,
    service: Any,
    client_socket: Any,
    proto_factory: Any,
    trans_factory: Any | None = None,
    *,
    check_seqid: bool,
    auto_reopen: bool = False,
    middleware: Iterable[Middleware] = (),
    is_pooled: bool = False,
) -> Steps[Any]:
    """Wrap a socket, open it, and make a client of ``client_class``.

    ``closing`` closes all of it; without a ``trans_factory`` the protocol is over the socket
    itself. A deadline bounds the connecting as it does a call. What fails tells for which service;
    where ``is_pooled``, the pool tells for which call.
    """
    closing.callback(client_socket.close)
    transport = client_socket
    if trans_factory is not None:
        transport = made_by(trans_factory, "get_transport", client_socket, client_class)
        closing.callback(transport.close)
    protocol = made_by(proto_factory, "get_protocol", transport, client_class)
    at = bounds.at()
    waits: Any = None if at is None else find_layer(client_socket, "deadline")
    # A pool has set one that is sooner.
    is_bound = waits is not None and waits.deadline is None
    if is_bound:
        waits.deadline = at
    try:
        yield transport.open()
    except TTransportException as error:
        if not is_pooled:
            describe(error, service, None, peer_of(transport), sent=False)
            add_description(error)
        raise
    client = client_class(
        service,
        protocol,
        check_seqid=check_seqid,
        auto_reopen=auto_reopen,
        middleware=middleware,
    )
    if is_bound:
        # The first call has a deadline of its own, or none.
        client._rpc_state.is_bound = True
    return client


def connect_client(*parts: Any, **options: Any) -> Steps[Any]:
    """A client that its caller closes, made by ``connect``; what does not become one is closed."""
    with ExitStack() as closing:
        client = yield from connect(closing, *parts, **options)
        closing.pop_all()
        return client
