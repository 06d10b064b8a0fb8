"""What servers write to their log of a connection, and tell its client: each line stands here
once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastthrift._calls.services import printable

if TYPE_CHECKING:
    import logging

#: What came, where nobody knows more.
NO_MESSAGE = "what is no message"

#: Who, why, and how many more such lines there would have been.
REFUSED = "Refused a request of %s: %s%s"
#: How much is there, and how many more such lines there would have been.
OVERLOADED = "Overloaded: %s, others are refused%s"

# The caller's place is what a log record names.
_CALLER = 2


def log_failed(logger: logging.Logger, peer: object) -> None:
    """While an exception is handled that a connection cannot be to blame for."""
    logger.exception("The connection of %s failed", peer, stacklevel=_CALLER)


def log_ended(logger: logging.Logger, peer: object, why: object) -> None:
    """The client has left, as clients do, or was too slow."""
    logger.debug("Connection of %s ended: %s", peer, why, stacklevel=_CALLER)


def log_no_message(
    logger: logging.Logger, peer: object, found: str | None, problem: str, more: str
) -> None:
    """Something else than a message has come: what was ``found`` to be something, and how many
    ``more`` such lines there would be, as a `Rate` tells it."""
    logger.warning(
        "Closing the connection of %s, which sent %s: %s%s",
        peer,
        found or NO_MESSAGE,
        problem,
        more,
        stacklevel=_CALLER,
    )


def log_unbegun(logger: logging.Logger, peer: object, error: BaseException, more: str) -> None:
    """A processor has failed before it had read of which call the message is, and what came may be
    right."""
    logger.error(
        "Closing the connection of %s: the processor failed before it had read a call: %r%s",
        peer,
        error,
        more,
        exc_info=error,
        stacklevel=_CALLER,
    )


def log_unread(
    logger: logging.Logger,
    peer: object,
    call: object,
    problem: str,
    more: str,
    error: BaseException | None = None,
) -> None:
    """A call has come that cannot be read to its end; ``error`` is for one that the bytes are not
    to blame for."""
    logger.warning(
        "Closing the connection of %s: cannot read the call of %s: %s%s",
        peer,
        call,
        problem,
        more,
        exc_info=error,
        stacklevel=_CALLER,
    )


def unread(method: object) -> str:
    """What the client is told of such a call."""
    return f"The arguments of {printable(method)} cannot be read"
