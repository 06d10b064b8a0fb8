"""What becomes of a call that fails, wherever it is served.

The rules, told in ``fastthrift.server``, wait for nothing: they log, and say how to answer and
whether the connection goes on.
"""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from fastthrift._calls.lines import (
    NO_MESSAGE,
    log_ended,
    log_no_message,
    log_unbegun,
    log_unread,
    unread,
)
from fastthrift._calls.mismatch import explain, explain_handshake, explain_refused
from fastthrift._calls.rate import Rates
from fastthrift._calls.server_call import BEGUN, REPLIED, REPLYING, Answers, ServerCall
from fastthrift._calls.services import printable
from fastthrift._calls.steps import Blocking, run
from fastthrift._calls.transports import discard_output, flush_was_refused, is_said_of
from fastthrift._exceptions import TApplicationException
from fastthrift.protocol.exc import ProtocolError, TProtocolException
from fastthrift.transport._addresses import host_and_port
from fastthrift.transport.base import TTransportException

if TYPE_CHECKING:
    from fastthrift._calls.steps import Kind, Steps

# For calls that no server of ours serves.
alone = logging.getLogger("fastthrift.server")

# What a call may raise and the connection survive. sys.exit() in a handler would end nothing but
# its thread, without a word, or the server with all its connections.
CALL_ERRORS = (Exception, SystemExit)

# What a connection, or the machine, may fail with.
OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
CLIENT_GONE = (errno.ECONNABORTED, errno.EPROTO, errno.EINTR, errno.EAGAIN)
NOT_LISTENING = (errno.EBADF, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP)
_LOST = (
    errno.EBADF,  # closed by this side, in another thread
    errno.ENOTCONN,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ENETDOWN,
)
# What a mistake in a program raises, and no protocol of ours for bytes that it cannot read.
_MISTAKES = (
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    NotImplementedError,
    TypeError,
)


class Settlement(NamedTuple):
    """What to send in place of an answer, if anything, and whether the connection goes on, once
    that is sent."""

    answer: TApplicationException | None
    goes_on: bool


def settle(
    error: BaseException,
    call: ServerCall,
    peer: str,
    prot: Any,
    logger: logging.Logger,
    *,
    rates: Rates | None,
    closed: bool = False,
) -> Settlement:
    """Log what a call failed with, and say what to do about it.

    ``prot`` is the protocol that answers are written to, ``rates`` how often it is logged that
    somebody sends what cannot be read: None for each time. ``closed`` is whether the server is
    about to stop.
    """
    if call.header is None or call.stage == BEGUN:
        return _settle_input(error, call, peer, prot, logger, closed, rates)
    in_memory = is_said_of(prot.trans, "holds_whole_messages")
    in_doubt = call.stage == REPLIED and not flush_was_refused(prot.trans)
    if in_doubt or (call.stage == REPLYING and is_lost(error) and not in_memory):
        # Whether the answer has reached the client, nobody knows.
        if is_lost(error):
            logger.debug("%s left before the answer of %s: %s", peer, call.label, error)
        else:
            logger.error(
                "Error after %s was answered, called from %s", call.label, peer, exc_info=error
            )
        return Settlement(None, False)

    answer = error if isinstance(error, TApplicationException) else None
    if answer is None or call.oneway:
        logger.error("Error processing %s, called from %s", call.label, peer, exc_info=error)
    if call.oneway:
        return Settlement(None, True)
    if call.stage >= REPLYING and not discard_output(prot.trans):
        return Settlement(None, False)
    return Settlement(answer or _internal_error(error, call), True)


def _settle_input(
    error: BaseException,
    call: ServerCall,
    peer: str,
    prot: Any,
    logger: logging.Logger,
    closed: bool,
    rates: Rates | None,
) -> Settlement:
    """What to do about a call that failed before it was read to its end."""
    found = None
    if call.header is None:
        found = explain(call.opening, prot, "server", call.wanted) or explain_handshake(error)
        found = found or explain_refused(error)
    # Of what is no message the end may be waited for in vain. A message that has come as a whole,
    # and ends too early, has not lost its client.
    is_whole = is_said_of(prot.trans, "holds_whole_messages")
    if closed or (is_lost(error) and found is None and not is_whole):
        log_ended(logger, peer, error)
        return Settlement(None, False)
    call.note_told()
    if call.header is None:
        is_own = found is None and isinstance(error, _MISTAKES)
        more = "" if rates is None else rates.tell("no call" if is_own else found or NO_MESSAGE)
        if more is not None and is_own:
            log_unbegun(logger, peer, error, more)
        elif more is not None:
            log_no_message(logger, peer, found, repr(error), more)
        return Settlement(None, False)
    malformed = isinstance(error, (TProtocolException, ProtocolError)) or (
        is_whole and is_lost(error)
    )
    more = "" if rates is None else rates.tell("arguments")
    if more is not None:
        log_unread(logger, peer, call.label, repr(error), more, None if malformed else error)
    if call.oneway:
        return Settlement(None, False)
    kind = (
        TApplicationException.PROTOCOL_ERROR if malformed else TApplicationException.INTERNAL_ERROR
    )
    return Settlement(TApplicationException(kind, unread(call.method)), False)


def _internal_error(error: BaseException, call: ServerCall) -> TApplicationException:
    """What the client is told of a call that failed: of the error nothing but the limit that its
    result exceeds."""
    text = f"Internal error processing {printable(call.method)}"
    if (
        call.stage >= REPLYING
        and isinstance(error, TProtocolException)
        and error.type == TProtocolException.SIZE_LIMIT
    ):
        text += f": its result exceeds a limit of the server: {error}"
    return TApplicationException(TApplicationException.INTERNAL_ERROR, text)


def send(
    kind: type[Kind],
    settlement: Settlement,
    processor: Any,
    call: ServerCall,
    peer: str,
    prot: Any,
    logger: logging.Logger,
) -> Steps[bool]:
    """Send what a settlement answers, by the processor where that can, and end the call; whether
    the connection goes on."""
    try:
        if settlement.answer is None:
            return settlement.goes_on
        if not hasattr(processor, "send_exception"):
            processor = Answers(kind, call)
        yield processor.send_exception(prot, call.method, settlement.answer, call.seqid)
    except Exception as error:
        logger.debug("%s cannot be told that %s failed: %r", peer, call.label, error)
        return False
    finally:
        call.end()
    return settlement.goes_on


def conclude(
    error: BaseException,
    processor: Any,
    call: ServerCall,
    peer: str,
    prot: Any,
    logger: logging.Logger,
    *,
    rates: Rates | None,
    closed: bool = False,
) -> bool:
    """Settle what a call failed with, and send over a blocking protocol what is to be answered;
    whether the connection goes on."""
    settlement = settle(error, call, peer, prot, logger, rates=rates, closed=closed)
    return run(send(Blocking, settlement, processor, call, peer, prot, logger))


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
    return host_and_port(*address[:2]) if isinstance(address, tuple) else "a unix socket client"


def note_unfinished(logger: logging.Logger, calls: int, grace: float) -> None:
    """Log how many calls still run when a closed server has waited for ``grace`` milliseconds."""
    if calls:
        text = "%d calls are still running %g s after the server was closed"
        logger.warning(text, calls, grace / 1000)
