"""How a client's socket comes to its connection: which address is next, how much of the time it
has, and what is raised where none answers.

A rule in steps, of which the sockets of threads and of asyncio are drivers, each in its own way of
waiting.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from ._addresses import (
    Address,
    EitherFamily,
    could_not_connect,
    in_turn,
    not_connected,
    reason,
)
from .base import DeadlineExceeded, TTransportException, TTransportTimeout

if TYPE_CHECKING:
    from fastthrift._steps import Steps


# What is said of a connection that was closed before it was made.
_CLOSED = "it was closed meanwhile"

# The addresses that have failed, and with what.
Failures = list[tuple[Any, OSError]]


def first_connected(
    find: Callable[[float | None], Any],
    connect: Callable[[Address, float | None], Any],
    seconds: float | None,
    failures: Failures,
    *,
    goes_on: Callable[[OSError], bool] = lambda error: True,
) -> Steps[Any]:
    """What ``connect`` gives at the first address where it does, of those that ``find`` gives; both
    are told how many seconds they have, of ``seconds`` in all: None for any time.

    Raises the last ``OSError``; those of addresses are in ``failures`` then. One after which
    nothing ``goes_on`` is the last.
    """
    began = monotonic()
    addresses = yield find(seconds)
    left = None if seconds is None else seconds - (monotonic() - began)
    for address, share in in_turn(addresses, left):
        try:
            return (yield connect(address, share))
        except OSError as error:
            failures.append((address[1], error))
            if not goes_on(error):
                break
    raise failures[-1][1]


class Connecting:
    """What a client's socket knows of a connection that is not made yet."""

    host: str | None
    port: int | None
    unix_socket: str | None
    socket_family: int
    #: For connecting, in seconds, whatever the number of addresses.
    connect_timeout: float | None
    #: A moment of ``time.monotonic`` that bounds it in addition.
    deadline: float | None

    #: Where to connect to, in place of the addresses that the host has; as ``getaddrinfo`` gives
    #: them: pairs of a family and an address.
    known_addresses: list[Address] | None = None

    #: Finds the addresses of the host, within some seconds, None for any time.
    _look_up: Callable[[float | None], Any]
    #: Connects to an address, TLS included, within some seconds, and gives what `_drop` closes;
    #: where that fails nothing is left.
    _connect: Callable[[Any, float | None], Any]
    #: Closes such a connection.
    _drop: Callable[[Any], None]

    #: Stands for an `open` that is under way: `close` takes it away.
    _opening: object | None = None

    # What is raised where the time was up: that for connecting, and that until the deadline.
    _timeout: ClassVar[type[TTransportTimeout]] = TTransportTimeout
    _deadline_exceeded: ClassVar[type[DeadlineExceeded]] = DeadlineExceeded

    @property
    def _address(self) -> Any:
        """Where to connect to, for texts; a pair of None where a connected socket was given."""
        return self.unix_socket or (self.host, self.port)

    def has_address(self) -> bool:
        """Whether it is known where to connect to: not where a connected socket was given."""
        return bool(self._address != (None, None))

    def connect_to_any(self) -> Steps[None]:
        """Connect to the first address that answers.

        Raises ``TTransportException`` of type ``NOT_OPEN``, with the system's reasons; where it was
        closed meanwhile, too.
        """
        opening = self._opening = object()
        patience = self.connect_timeout
        left = None if self.deadline is None else self.deadline - monotonic()
        ends_call = left is not None and (patience is None or left < patience)
        if ends_call:
            patience = left
        if patience is not None and patience <= 0:
            text = not_connected(self._address, "the deadline is over")
            raise self._deadline_exceeded(TTransportException.NOT_OPEN, text)
        failures: Failures = []
        failure: OSError | None = None
        made: Any = None

        def connect(address: Address, share: float | None) -> Any:
            family, one = address
            if self._opening is not opening:
                raise ConnectionAbortedError(errno.ECONNABORTED, _CLOSED)
            if isinstance(self.socket_family, EitherFamily):
                self.socket_family = EitherFamily(family)
            return self._connect(one, share)

        def goes_on(error: OSError) -> bool:
            return self._opening is opening and self._may_try_another(error)

        try:
            made = yield from first_connected(
                self._addresses, connect, patience, failures, goes_on=goes_on
            )
        except OSError as error:
            failure = error
        if self._opening is not opening:
            # Another thread or task has closed it, and perhaps opens it again.
            if failure is None:
                self._drop(made)
            text = not_connected(self._address, _CLOSED)
            raise TTransportException(TTransportException.NOT_OPEN, text) from failure
        if failure is None:
            return
        kind: type[TTransportException] = TTransportException
        if isinstance(failure, TimeoutError):
            kind = self._deadline_exceeded if ends_call else self._timeout
        # Without any no address was found.
        told = failures or [(self._address, failure)]
        text = could_not_connect(self._address, told, patience, self._reason)
        raise kind(TTransportException.NOT_OPEN, text) from failure

    def _addresses(self, patience: float | None) -> Any:
        """Where to connect to, found within some seconds; None for any time."""
        if self.unix_socket:
            return [(self.socket_family, self.unix_socket)]
        if self.known_addresses is not None:
            return self.known_addresses
        return self._look_up(patience)

    def _may_try_another(self, error: OSError) -> bool:
        """Whether another address of the host may do where this one failed."""
        return True

    def _reason(self, error: BaseException) -> str:
        """What is said of a failure."""
        return reason(error)
