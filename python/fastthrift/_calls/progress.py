"""How far a client's calls have come, and whether its connection can make the next one.

A connection has one call at a time. After a call that did not finish, whatever comes next on the
connection would answer the wrong call: it is closed then, and later calls are refused until it has
been opened again. The driver of a client begins each call, and tells how it went::

    outer = progress.call                   # where a subclass calls while it sends
    call = progress.begin(client, api, bound)
    try:
        ...                                 # send, wait, call.take(iprot)
    except BaseException as error:
        progress.fail(client, call, error)
        raise
    finally:
        progress.call = outer

A client is what has ``_service``, ``_iprot``, ``_oprot`` and ``_seqid``, as thriftpy2's have.
"""

from __future__ import annotations

import os
import time

from fastthrift._calls.client_call import (
    ANSWERED,
    ENCODING,
    READING,
    RECEIVING,
    SENDING,
    SENT,
    STARTED,
    ClientCall,
)
from fastthrift._calls.failures import add_description, describe
from fastthrift._calls.steps import Blocking, run
from fastthrift._calls.transports import (
    discard_output,
    find_below,
    find_layer,
    flush_was_refused,
    has_arrived,
    is_in_memory,
    is_said_of,
    leave_to_parent,
    peer_of,
    was_left,
)
from fastthrift._exceptions import TApplicationException, TDecodeException, TException
from fastthrift._light import in_child, new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fastthrift._calls.steps import Kind, Steps
    from fastthrift._core import Method

# A connection that nobody has used for longer is looked at before a call, in seconds.
IDLE = 0.05

clock = time.monotonic

# Sequence ids are positive i32 and start again at 1.
MAX_SEQUENCE_ID = 2**31 - 1


class _Process:
    """This process: a forked child is another one."""

    __slots__ = ("current",)

    def __init__(self) -> None:
        self.current = object()

    def note_fork(self) -> None:
        self.current = object()


this_process = _Process()
in_child(this_process.note_fork)


def _never() -> None:
    return None


class _Bounds:
    """What bounds calls in time: nothing, until somebody has a deadline."""

    __slots__ = ("at", "set")

    def __init__(self) -> None:
        self.set: Callable[[Progress, Any, ClientCall], None] | None = None
        # When the block that runs has its end.
        self.at: Callable[[], float | None] = _never


bounds = _Bounds()


class Progress:
    """The calls of a connection, whose client sees to it that they take turns."""

    # Apart from the client, whose `__getattr__` makes every access to its attributes slow.
    __slots__ = (
        "answered",
        "around",
        "auto_reopen",
        "begun",
        "bound",
        "bounded",
        "broken",
        "call",
        "can_reopen",
        "is_bound",
        "is_pooled",
        "opening",
        "silent",
        "spare",
    )

    def __init__(self, service: Any, kind: type[Kind], check_seqid: bool) -> None:
        # The call that is being made; and an object that does for one after the other.
        self.call: ClientCall | None = None
        self.spare = ClientCall(service, "", kind, check_seqid=check_seqid)
        # Whether a call was answered on this connection; and until then the first bytes that came
        # on it, where they are known.
        self.answered = False
        self.opening: bytes | None = None
        # When the last call began, or the connection was made.
        self.begun = clock()
        # Why the connection was closed, when it was; and whether opening it mends that.
        self.broken: str | None = None
        self.can_reopen = False
        # Whether a pool sees to it when its calls have their end; elsewhere, whether the last one
        # had any, and what waits for it: a layer of a transport, and of which one.
        self.is_pooled = False
        self.is_bound = False
        self.bound: Any = None
        self.bounded: Any = None
        # The transport of which is known that it has no response to a oneway call.
        self.silent: Any = None
        # Whether a call opens the connection again where that has ended.
        self.auto_reopen = False
        # How calls are handed on through middleware, where there is any.
        self.around: Callable[[Any], Any] | None = None

    def begin(
        self, client: Any, api: str, bound: tuple[Method, bool, tuple[Any, ...]] | None = None
    ) -> ClientCall:
        """The next call, with a sequence id of its own; ``bound`` is what `_core.bind` gave.

        Raises ``TTransportException`` of type ``NOT_OPEN`` when the connection is closed, and
        ``RuntimeError`` where the same caller is in the middle of another call.
        """
        outer = self.call
        call = self.spare
        if outer is not None:
            if outer.stage != STARTED:
                raise RuntimeError(
                    f"{call.service.__name__}.{api}() was called while this client is in the "
                    f"middle of another call in the same {call.kind.caller}; use a second client"
                )
            call = self._another(call.service, api)
        if self.broken is not None:
            self._require_connection(client, api)
        now = clock()
        if now - self.begun > IDLE and self._has_ended(client):
            self._require_connection(client, api)
        self.begun = now
        call.api = api
        call.stage = STARTED
        client._seqid = call.seqid = client._seqid % MAX_SEQUENCE_ID + 1
        if bound is not None:
            call.method, call.oneway, _ = bound
        else:
            call.method = call.oneway = None
            call.service = client._service
        if bounds.set is not None and not self.is_pooled:
            bounds.set(self, client, call)
        self.call = call
        return call

    def current(self, client: Any, api: str) -> ClientCall:
        """The call that is being made, for its parts that a subclass may call by itself; or a part
        that somebody calls alone, whose request may have been sent in a way of his own: nothing is
        known of its id."""
        call = self.call
        if call is None or call.api != api:
            call = ClientCall(client._service, api, self.spare.kind, check_seqid=False)
        # A subclass may have chosen another one.
        call.seqid = client._seqid
        return call

    def fail_part(self, client: Any, call: ClientCall, error: BaseException) -> None:
        """Reading a reply has failed, maybe of no call that is being made: what is left of it would
        be taken for the next one."""
        if call is not self.call and call.stage == READING:
            self.fail(client, call, error)

    def _another(self, service: Any, api: str) -> ClientCall:
        return ClientCall(service, api, self.spare.kind, check_seqid=self.spare.check_seqid)

    def response_begin(self, trans: Any) -> bytes | None:
        """How the response begins that a transport has to the oneway call which was sent last: over
        HTTP there is one. None, or nothing, where there is none."""
        if trans is self.silent:
            return None
        begin = find_below(trans, "answer_begin", bytes)
        if begin is None:
            self.silent = trans
        return begin

    def fail(self, client: Any, call: ClientCall, error: BaseException) -> None:
        """A call has failed: close the connection unless it still is between two messages."""
        if isinstance(error, TApplicationException) and call.stage >= SENT:
            describe(error, call.service, call.api, peer_of(client._iprot.trans), sent=True)
        if call.stage == ANSWERED:
            self.answered = True
            return
        is_described = _describe(client, call, error)
        if not _in_step(client, call, error):
            self._give_up(client, call, error)
            if is_described:
                add_description(error)

    def _give_up(self, client: Any, call: ClientCall, error: BaseException) -> None:
        """Close the connection: whatever comes on it next does not answer the next call."""
        import contextlib

        iprot = client._iprot
        transports = _transports(client)
        stand_alone = all(is_said_of(trans, "answers_stand_alone") for trans in transports)
        if not stand_alone:
            self._explain(iprot, call, error)
        elif call.stage in (RECEIVING, READING):
            _add_description(error, iprot.trans)
        for trans in transports:
            with contextlib.suppress(Exception):
                trans.close()
            if call.stage < SENT:
                # What was sent stays with a transport that keeps it, in a test for example.
                discard_output(trans)
        trans = iprot.trans
        if hasattr(trans, "clean") and (stand_alone or hasattr(trans, "discard_output")):
            # What a buffer has read ahead belongs to the connection that was closed.
            trans.clean()
        self.answered = False
        self.opening = None
        if stand_alone or all(map(is_in_memory, transports)):
            # Over HTTP the next call has a connection of its own, and in memory nobody answers
            # late: a test may go on, to see all that is sent.
            return
        self.broken = (
            f"The connection was closed because a call of {call.name}() "
            f"did not finish ({type(error).__name__}); call its reopen(), or use a ClientPool"
        )
        self.can_reopen = not is_open(client)

    def reopen(self, client: Any) -> Steps[None]:
        """Close what is open of a client, and connect again; its connection is as a new one."""
        transports = _transports(client)
        for trans in transports:
            trans.close()
            if hasattr(trans, "clean"):
                trans.clean()
        for trans in transports:
            layer = find_layer(trans, "deadline")
            if layer is not None:
                # In place of that of the last call.
                layer.deadline = bounds.at()
                self.is_bound = self.is_bound or layer.deadline is not None
            yield trans.open()
        self.broken = None
        self.answered = False
        self.opening = None
        self.begun = clock()

    def _explain(self, iprot: Any, call: ClientCall, error: BaseException) -> None:
        """Add to the text of an error what probably is the matter."""
        from fastthrift._calls.mismatch import advise, explain, explain_hang_up
        from fastthrift.protocol.exc import TProtocolException
        from fastthrift.transport.base import TTransportException

        if not isinstance(error, (TTransportException, TProtocolException)):
            return
        note = None
        if not self.answered and call.stage == READING:
            note = explain(self.opening, iprot, "client")
            advice = advise(self.opening, iprot)
            if note is not None and advice is not None:
                note = f"{note}; {advice}"
        is_end = isinstance(error, TTransportException) and (
            error.type == TTransportException.END_OF_FILE or isinstance(error, ConnectionError)
        )
        if note is None and is_end and not isinstance(error, TProtocolException):
            note = explain_hang_up(
                f"{call.name}()",
                sent=call.stage >= SENT,
                begun=call.stage >= READING,
                answered=self.answered,
                here=is_said_of(iprot.trans, "closed_in_call"),
            )
        if note is not None:
            error.message = f"{error.message}: {note}"

    def _reopen_for(self, client: Any, api: str) -> Steps[None]:
        from fastthrift.transport.base import TTransportException

        try:
            yield from self.reopen(client)
        except TTransportException as error:
            _describe_unsent(client, api, error)
            raise

    def make_ready(self, client: Any, api: str) -> Steps[None]:
        """Open the connection again, where it has ended, before a call is begun."""
        if self.call is not None:
            return
        is_idle = clock() - self.begun > IDLE
        if self._is_broken(client) or (is_idle and self._has_ended(client)):
            yield from self._reopen_for(client, api)

    def _is_broken(self, client: Any) -> bool:
        if self.broken is not None and self.can_reopen and is_open(client):
            self.broken = None
        return self.broken is not None

    def _require_connection(self, client: Any, api: str) -> None:
        if not self._is_broken(client):
            return
        if self.auto_reopen and self.spare.kind is Blocking:
            run(self._reopen_for(client, api))
            return
        from fastthrift.transport.base import TTransportException

        error = TTransportException(TTransportException.NOT_OPEN, self.broken)
        _describe_unsent(client, api, error)
        raise error

    def _has_ended(self, client: Any) -> bool:
        """Whether the connection has ended while nobody used it, or something has come that
        nobody waits for: the answer of the next call it is not. It is closed then. What comes
        before the first call tells what the other side speaks, and that is for the error of it."""
        is_over = has_arrived if self.answered else was_left
        for trans in _transports(client):
            if _is_closed_here(trans) or not is_over(trans):
                continue
            for each in _transports(client):
                each.close()
                if hasattr(each, "clean"):
                    each.clean()
            self.answered = False
            self.opening = None
            self.broken = (
                "The connection was closed while it was idle, and nothing was sent: call the "
                "client's reopen(), or use a ClientPool"
            )
            self.can_reopen = not is_open(client)
            return True
        return False


class Turns(Progress):
    """The calls of a connection that several threads share, which take turns by a lock."""

    __slots__ = ("lock", "process")

    def __init__(self, service: Any, kind: type[Kind], check_seqid: bool) -> None:
        super().__init__(service, kind, check_seqid)
        # Re-entrant, so that a call from within a call of the same thread (a signal handler, a
        # subclass) is told so instead of waiting for itself.
        self.lock = new_lock()
        self.process = this_process.current

    def start_over_in_child(self, client: Any) -> None:
        """To be called where ``process`` is another one than when the client was made.

        The parent has the connection, and the two may even use it at once: the child opens one of
        its own, where the transport knows to where. Where it does not, ids of its own make sure
        that neither takes the other's answer; the lock may have been held by a thread that the
        child does not have.
        """
        client._seqid = int.from_bytes(os.urandom(4), "big") % MAX_SEQUENCE_ID
        self.lock = new_lock()
        self.call = None
        self.spare = self._another(self.spare.service, "")
        self.process = this_process.current
        self.answered = False
        self.opening = None
        for trans in {
            id(prot.trans): prot.trans for prot in (client._iprot, client._oprot)
        }.values():
            leave_to_parent(trans)


def _in_step(client: Any, call: ClientCall, error: BaseException) -> bool:
    """Whether the connection still is between two messages after this error."""
    from fastthrift.protocol.exc import TProtocolException
    from fastthrift.transport.base import TTransportException

    if call.stage == ENCODING:
        return (
            isinstance(error, Exception)
            and not isinstance(error, (TTransportException, OSError))
            and discard_output(client._oprot.trans)
        )
    if call.stage == SENDING:
        return flush_was_refused(client._oprot.trans) and discard_output(client._oprot.trans)
    if call.stage == SENT:
        # A subclass has a `_recv` of its own, and it raised what the server had sent.
        return isinstance(error, TException) and not isinstance(
            error, (TTransportException, TProtocolException, TDecodeException)
        )
    return False


def _transports(client: Any) -> list[Any]:
    """The transports of a client's protocols, which may be one."""
    return [prot.trans for prot in {id(p): p for p in (client._iprot, client._oprot)}.values()]


def _is_closed_here(trans: Any) -> bool:
    """Whether its owner has closed a transport. One of a program need not tell, nor one beneath."""
    try:
        return not trans.is_open()
    except (AttributeError, NotImplementedError):
        return False


def _describe(client: Any, call: ClientCall, error: BaseException) -> bool:
    """Note in an error of a connection, or of its bytes, which call it is of; whether its text is
    to say so."""
    from fastthrift.protocol.exc import TProtocolException
    from fastthrift.transport.base import TTransportException

    if not isinstance(error, (TTransportException, TProtocolException)):
        return False
    trans = client._iprot.trans
    # Over HTTP sending is waiting for the answer, too.
    in_flush = call.stage == SENDING and is_said_of(trans, "request_sent")
    # The transport may know that what was sent has not reached the peer.
    sent = (call.stage >= SENT or in_flush) and error.request_sent is not False
    describe(error, call.service, call.api, peer_of(trans), sent=sent)
    # Errors of protocols are about a value, where nothing has been sent.
    return sent or not isinstance(error, TProtocolException)


def _describe_unsent(client: Any, api: str, error: Any) -> None:
    """Have an error say of which call it is, that found no connection."""
    describe(error, client._service, api, peer_of(client._iprot.trans), sent=False)
    add_description(error)


def is_open(client: Any) -> bool:
    """Whether a client has a connection."""
    asked = getattr(client._iprot.trans, "is_open", None)
    return asked is not None and bool(asked())


def _add_description(error: BaseException, trans: Any) -> None:
    """Let an error of reading a reply tell what the transport knows of it: a server of HTTP may
    have answered with a page."""
    from fastthrift.protocol.exc import TProtocolException
    from fastthrift.transport.base import TTransportException

    if isinstance(error, (TProtocolException, TTransportException)):
        description = find_below(trans, "answer_description", str)
        if description is not None:
            error.message = f"{error.message or error}; {description}"
