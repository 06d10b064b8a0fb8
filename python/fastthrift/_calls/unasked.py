"""What comes back of a oneway call where the transport has an answer to whatever it sends.

On a connection nobody waits for it: it would be taken for that of the next call. Over HTTP each
request has a response. One that is no success, or a page, is an error, and so is an exception of
Thrift in one that is: servers of Apache and of thriftpy2 write it where they do not have the
method, and their own clients never read it.
"""

from __future__ import annotations

import logging

from fastthrift._calls.client_call import ANSWERED
from fastthrift._calls.mismatch import look_of
from fastthrift._calls.rate import Rates
from fastthrift._calls.transports import peer_of
from fastthrift._core import TMessageType, TType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastthrift._calls.client_call import ClientCall
    from fastthrift._calls.steps import Steps

_logger = logging.getLogger("fastthrift.client")
_rates = Rates()


def read_unasked(call: ClientCall, iprot: Any, begin: bytes) -> Steps[None]:
    """Read the body of the response to a oneway call, which begins so: raise the exception in it,
    and log what is no message of the protocol."""
    refusal = None
    try:
        _, message_type, _ = yield iprot.read_message_begin()
        if message_type == TMessageType.EXCEPTION:
            refusal = yield from call.read_refusal(iprot)
        else:
            # Over there the method answers, and has been called.
            yield iprot.skip(TType.STRUCT)
            yield iprot.read_message_end()
    except Exception as error:
        _log(call, peer_of(iprot.trans), begin, error)
    finally:
        if hasattr(iprot.trans, "clean"):
            # The answer to the next call does not begin in what is left of this one.
            iprot.trans.clean()
    if refusal is not None:
        call.stage = ANSWERED
        raise refusal


def _log(call: ClientCall, peer: str | None, begin: bytes, error: Exception) -> None:
    more = _rates.tell(f"{peer} {call.name}")
    if more is not None:
        _logger.warning(
            "%s(), a oneway call, was answered by %s with %s, which this client cannot read: %r%s",
            call.name,
            peer,
            look_of(begin) or "what is no message",
            error,
            more,
        )
