"""What the rules of a call ask of transports, and of those below them."""

from __future__ import annotations

from functools import partial

from fastthrift._core import pass_over_stop as pass_over_native_stop
from fastthrift._core import rest_of_frame as rest_of_native_frame
from fastthrift._layers import find_layer as find_layer
from fastthrift._layers import layers as layers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from fastthrift.transport._compressed import ZlibStreams

    T = TypeVar("T")

# How many of the first bytes of a connection are kept, for the text of an error: a frame's length,
# that of a JSON message, its start.
LOOKED_AT = 24

# So much is taken at once of what has arrived, in bytes.
_PIECE = 4096


def find_below(trans: Any, attribute: str, kind: type[T]) -> T | None:
    """What a transport, or the first below it that has any, has as this attribute."""
    for layer in layers(trans):
        value = getattr(layer, attribute, None)
        if isinstance(value, kind):
            return value
    return None


def headers_of(trans: Any) -> list[tuple[str, str]]:
    """What came beside the message, where a transport has such, as text."""
    bearer = find_layer(trans, "get_headers")
    if bearer is None:
        return []
    return [
        (name.decode(errors="replace"), value.decode(errors="replace"))
        for name, value in bearer.get_headers().items()
    ]


def transport_of_answers(factory: Any, factory_of_calls: Any, itrans: Any, below: Any) -> Any:
    """The transport that answers are written to, over the same one ``below`` as ``itrans``, which
    calls are read from."""
    if _answers_in_kind(factory, factory_of_calls):
        return itrans
    return factory.get_transport(below)


def protocol_of_answers(factory: Any, factory_of_calls: Any, iprot: Any, otrans: Any) -> Any:
    """The protocol that answers are written in; ``iprot`` is that of calls."""
    if _answers_in_kind(factory, factory_of_calls):
        return iprot
    return factory.get_protocol(otrans)


def _answers_in_kind(factory: Any, factory_of_calls: Any) -> bool:
    """Whether answers depend on how the call has come, so that one object is for both."""
    return factory is factory_of_calls and getattr(factory, "answers_in_kind", False)


def peer_of(trans: Any) -> str | None:
    """The other side of a transport, where it is known."""
    return find_below(trans, "peer", str)


def is_said_of(trans: Any, attribute: str) -> bool:
    """Whether a transport, or one below it, has True as this attribute.

    It is ``answers_stand_alone`` where what is read next from a closed transport cannot answer an
    earlier call, ``refused`` where the last flush was refused because of a limit,
    ``closed_in_call`` where it was closed on this side while something was waited for, and
    ``holds_whole_messages`` where a message has come as a whole and its answer goes into memory.
    """
    return any(getattr(layer, attribute, False) is True for layer in layers(trans))


def rest_of_frame(trans: Any) -> int:
    """How many bytes are left in the frame of the message that was read; 0 where it had none."""
    if getattr(trans, "has_frames", False):
        return len(trans.arrived)
    return rest_of_native_frame(trans)


#: The byte that ends a struct.
STOP = b"\0"


def pass_over_stop(trans: Any) -> None:
    """Drop what is left of the frame of the message that was read, where that is a stop too many,
    which is no message: Envoy's questions for health have one."""
    if getattr(trans, "has_frames", False):
        if trans.arrived == STOP:
            trans.arrived.clear()
    else:
        pass_over_native_stop(trans)


def is_in_memory(trans: Any) -> bool:
    """Whether a transport, or the one below it, ends in bytes in memory."""
    lowest = trans
    for layer in layers(trans):
        lowest = layer
    return hasattr(lowest, "getvalue") and hasattr(lowest, "setvalue")


def discard_output(trans: Any) -> bool:
    """Drop what was written to a transport and not flushed; False when it has no way to."""
    discard = getattr(trans, "discard_output", None) or getattr(trans, "clean", None)
    if discard is None:
        return False
    discard()
    return True


def flush_was_refused(trans: Any) -> bool:
    """Whether the last flush was refused because of a limit, so that nothing was sent."""
    return is_said_of(trans, "refused")


def leave_to_parent(trans: Any) -> None:
    """Leave a connection that is open to the parent of this forked process, without a word on it,
    and open another one. Does nothing where it is not known to where."""
    for layer in layers(trans):
        if hasattr(layer, "abandon"):
            if layer.is_open() and layer.has_address():
                layer.abandon()
                if hasattr(trans, "clean"):
                    trans.clean()
                trans.open()
            return


def streams_of(trans: Any, connection: Any) -> ZlibStreams | None:
    """The compressed streams that are sent over a connection, where its bytes are compressed."""
    layer = find_layer(trans, "compressed")
    return None if layer is None or layer.compressed is not connection else layer.streams


def begins_messages(trans: Any, connection: Any) -> Callable[..., None] | None:
    """How a connection is told that the next message is waited for, where it wants to know."""
    streams = streams_of(trans, connection)
    if streams is not None and hasattr(connection, "begin_again"):
        return streams.beginning(connection)
    return getattr(connection, "begin_message", None)


def has_arrived(trans: Any) -> bool:
    """Whether something has come on a connection that was not read, or its end; does not wait. The
    last bytes of a compressed message, which stand for nothing, are taken and are nothing."""
    connection = find_layer(trans, "has_arrived")
    if connection is None:
        return False
    streams = streams_of(trans, connection)
    if streams is None:
        return bool(connection.has_arrived())
    return _goes_on(streams, connection)


def was_left(trans: Any) -> bool:
    """Whether the other side has ended a connection without a word; does not wait."""
    connection = find_layer(trans, "was_left")
    return connection is not None and bool(connection.was_left())


def _goes_on(streams: ZlibStreams, connection: Any) -> bool:
    came = b""
    while streams.is_end_of_message(came):
        came = connection.take_arrived(_PIECE)
        if came is None:
            return False
        if not came:
            return True
    return True


def looks_at(trans: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """How an open connection is looked at between two calls: functions that give something true,
    one where bytes have been read for which nobody has asked, the other where some have come, or
    the end. They do for that connection; one that is opened again needs others."""
    ahead = [layer.pending for layer in layers(trans) if hasattr(layer, "pending")]
    connection = find_layer(trans, "has_arrived")
    if connection is None:
        look: Callable[[], Any] = _nothing
    elif (streams := streams_of(trans, connection)) is not None:
        look = partial(_goes_on, streams, connection)
    else:
        look = connection.look() if hasattr(connection, "look") else connection.has_arrived
    if len(ahead) == 1:
        return ahead[0], look
    return (lambda: any(each() for each in ahead)), look


def _nothing() -> bool:
    return False
