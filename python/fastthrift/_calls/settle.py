"""What becomes of a call that fails, wherever it is served.

The rules, told in ``fastthrift.server``, wait for nothing: they log, and say how to answer and
whether the connection goes on. Whoever serves the call sends the answer.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from fastthrift._calls.mismatch import explain, explain_handshake
from fastthrift._calls.server_call import BEGUN, REPLIED, REPLYING, Message, Reader, Writer
from fastthrift._calls.services import printable
from fastthrift._calls.transports import LOOKED_AT, discard_output, flush_was_refused
from fastthrift._calls.wait import wait
from fastthrift.protocol.exc import ProtocolError, TProtocolException
from fastthrift.thrift import (
    TApplicationException,
    TProcessor,
)
from fastthrift.transport import TTransportException

_LOST = (
    errno.EBADF,  # closed by this side, in another thread
    errno.ENOTCONN,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ENETDOWN,
)


class Settlement(NamedTuple):
    """What to send in place of an answer, if anything, and whether the connection goes on, once
    that is sent."""

    answer: TApplicationException | None
    goes_on: bool


def settle(
    error: BaseException,
    message: Message,
    peer: str,
    prot: Any,
    logger: logging.Logger,
    *,
    closed: bool = False,
) -> Settlement:
    """Log what a call failed with, and say what to do about it.

    ``prot`` is the protocol that answers are written to, ``closed`` whether the server is about
    to stop.
    """
    if message.header is None or message.stage == BEGUN:
        return _settle_input(error, message, peer, prot, logger, closed)
    in_doubt = message.stage == REPLIED and not flush_was_refused(prot.trans)
    if in_doubt or (message.stage == REPLYING and is_lost(error)):
        # Whether the answer has reached the client, nobody knows.
        if is_lost(error):
            logger.debug("%s left before the answer of %s: %s", peer, message.label, error)
        else:
            logger.error(
                "Error after %s was answered, called from %s", message.label, peer, exc_info=error
            )
        return Settlement(None, False)

    answer = error if isinstance(error, TApplicationException) else None
    if answer is None or message.oneway:
        logger.error("Error processing %s, called from %s", message.label, peer, exc_info=error)
    if message.oneway:
        return Settlement(None, True)
    if message.stage >= REPLYING and not discard_output(prot.trans):
        return Settlement(None, False)
    return Settlement(answer or _internal_error(error, message), True)


def _settle_input(
    error: BaseException,
    message: Message,
    peer: str,
    prot: Any,
    logger: logging.Logger,
    closed: bool,
) -> Settlement:
    """What to do about a call that failed before it was read to its end."""
    found = None
    if message.header is None:
        found = explain(message.opening, prot, "server") or explain_handshake(error)
    # Of what is no message the end may be waited for in vain.
    if closed or (is_lost(error) and found is None):
        logger.debug("Connection of %s ended: %s", peer, error)
        return Settlement(None, False)
    if message.header is None:
        logger.warning(
            "Closing the connection of %s, which sent %s: %r", peer, found or "no message", error
        )
        return Settlement(None, False)
    malformed = isinstance(error, (TProtocolException, ProtocolError))
    logger.warning(
        "Closing the connection of %s: cannot read the call of %s: %r",
        peer,
        message.label,
        error,
        exc_info=None if malformed else error,
    )
    if message.oneway:
        return Settlement(None, False)
    kind = (
        TApplicationException.PROTOCOL_ERROR if malformed else TApplicationException.INTERNAL_ERROR
    )
    text = f"The arguments of {printable(message.method)} cannot be read"
    return Settlement(TApplicationException(kind, text), False)


def _internal_error(error: BaseException, message: Message) -> TApplicationException:
    """What the client is told of a call that failed: of the error nothing but the limit that its
    result exceeds."""
    text = f"Internal error processing {printable(message.method)}"
    if (
        message.stage >= REPLYING
        and isinstance(error, TProtocolException)
        and error.type == TProtocolException.SIZE_LIMIT
    ):
        text += f": its result exceeds a limit of the server: {error}"
    return TApplicationException(TApplicationException.INTERNAL_ERROR, text)


def send(
    settlement: Settlement,
    processor: Any,
    message: Message,
    peer: str,
    prot: Any,
    logger: logging.Logger,
) -> bool:
    """Send the answer; whether the connection goes on."""
    if settlement.answer is None:
        return settlement.goes_on
    # A processor need not be a TProcessor.
    send_exception = getattr(processor, "send_exception", None)
    if send_exception is None:
        send_exception = TProcessor(None, None).send_exception
    try:
        send_exception(prot, message.method, settlement.answer, message.seqid)
    except Exception as error:
        _log_unsent(message, peer, error, logger)
        return False
    return settlement.goes_on


async def send_async(
    settlement: Settlement,
    send_exception: Callable[..., Awaitable[None]],
    message: Message,
    peer: str,
    prot: Any,
    logger: logging.Logger,
) -> bool:
    """Send the answer, if there is one, by a coroutine function; whether the connection goes on."""
    if settlement.answer is None:
        return settlement.goes_on
    try:
        await send_exception(prot, message.method, settlement.answer, message.seqid)
    except Exception as error:
        _log_unsent(message, peer, error, logger)
        return False
    return settlement.goes_on


def _log_unsent(message: Message, peer: str, error: Exception, logger: logging.Logger) -> None:
    logger.debug("%s cannot be told that %s failed: %r", peer, message.label, error)


def process_and_answer(processor: Any, iprot: Any, oprot: Any, peer: str | None) -> bool:
    """See ``TProcessor.process_and_answer``."""
    message = Message()
    try:
        message.opening = bytes(wait(iprot.trans)[:LOOKED_AT])
        processor.process(Reader(iprot, message), Writer(oprot, message))
    except Exception as error:
        logger = logging.getLogger("fastthrift.server")
        peer = peer or peer_name(iprot.trans, "an unknown peer")
        settlement = settle(error, message, peer, oprot, logger)
        return send(settlement, processor, message, peer, oprot, logger)
    return True


def error_number(error: BaseException) -> int | None:
    """The ``errno`` of an error of the system."""
    return error.errno if isinstance(error, OSError) else None


def is_lost(error: BaseException) -> bool:
    """Whether the error means that the connection is gone, or idle for too long."""
    if isinstance(error, TTransportException):
        return error.type in (
            TTransportException.NOT_OPEN,
            TTransportException.TIMED_OUT,
            TTransportException.END_OF_FILE,
        )
    return isinstance(error, (ConnectionError, TimeoutError, EOFError)) or (
        error_number(error) in _LOST
    )


def peer_name(trans: Any, unknown: str = "a client that has left") -> str:
    """The other side of a connection, for the log."""
    sock = getattr(trans, "sock", None)
    try:
        address = sock.getpeername()  # type: ignore[union-attr]
    except (OSError, AttributeError):
        return unknown
    if isinstance(address, tuple):
        host, port = address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return "a unix socket client"
