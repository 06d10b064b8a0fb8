"""What a transport is, and transport errors."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from fastthrift._core import TType, end_of_file
from fastthrift._exceptions import ErrorOfCall, TException

if TYPE_CHECKING:
    pass


# At most this much is asked for at once, in bytes: what a message promises may never come, and a
# stream reserves memory for what it is asked for.
LARGEST_READ = 1 << 20


def readall(read_fn: Callable[[int], bytes], sz: int) -> bytes:
    """Call ``read_fn`` until it has given ``sz`` bytes; ``END_OF_FILE`` when it gives none."""
    chunks = []
    missing = sz
    while missing > 0:
        chunk = read_fn(min(missing, LARGEST_READ))
        if not chunk:
            raise end_of_file()
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)


class TTransportFactory(Protocol):
    """Anything that wraps transports."""

    def get_transport(self, trans: Any) -> Any:
        """Make a transport over ``trans``."""
        ...


class TTransportBase:
    """Base class for transports written in Python. Having these methods is enough."""

    def is_open(self) -> bool:
        raise NotImplementedError

    def open(self) -> None:
        """Connect, or whatever else has to be done before the first read or write."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what ``open`` took."""
        raise NotImplementedError

    def _read(self, sz: int) -> bytes:
        """Read between 1 and ``sz`` bytes; none at the end of the stream."""
        raise NotImplementedError

    def read(self, sz: int) -> bytes:
        """Read exactly ``sz`` bytes.

        A protocol directly on this transport relies on getting that many. A transport that is
        wrapped by a buffered or framed one may return fewer, what has arrived so far.
        """
        return readall(self._read, sz)

    def write(self, buf: bytes) -> None:
        """Write bytes, which may be held back until ``flush``."""
        raise NotImplementedError

    def flush(self) -> None:
        """Send what has been held back."""
        raise NotImplementedError


class TTransportException(ErrorOfCall, TException):
    """The connection could not be opened, was lost, or did not answer in time.

    ``type`` says which, as one of the numbers of this class: ``NOT_OPEN``, ``TIMED_OUT``,
    ``END_OF_FILE`` (the other side has closed it) and so on; ``message`` is a text. Of a client's
    call ``request_sent`` says whether the server may have run it, and ``service``, ``method`` and
    ``peer`` which it is.
    """

    thrift_spec = {  # noqa: RUF012 - what it is TPayload says
        1: (TType.STRING, "message"),
        2: (TType.I32, "type"),
    }

    #: Whether the call was not sent because all connections of the pool were busy.
    pool_is_busy: bool = False

    UNKNOWN = 0
    NOT_OPEN = 1
    ALREADY_OPEN = 2
    TIMED_OUT = 3
    END_OF_FILE = 4
    # As in Apache Thrift; thriftpy2 has no numbers for these.
    NEGATIVE_SIZE = 5
    SIZE_LIMIT = 6
    INVALID_CLIENT_TYPE = 7

    def __init__(self, type: int = UNKNOWN, message: str | None = None) -> None:
        super().__init__()
        self.type = type
        self.message = message


# The most that a frame may have for peers of Apache Thrift and Envoy, in bytes: their
# DEFAULT_MAX_FRAME_SIZE and MaxFrameSize. They close the connection at a larger one.
MOST_OF_PEERS = 16_384_000


def socket_not_open() -> TTransportException:
    """What a socket is told of that is not open."""
    return TTransportException(TTransportException.NOT_OPEN, "The socket is not open")


def end_of_socket() -> TTransportException:
    """What a reader is told of to whom the peer has sent all that it sends."""
    return TTransportException(TTransportException.END_OF_FILE, "TSocket read 0 bytes")


def after_much(error: TTransportException, size: int) -> TTransportException:
    """What a connection has ended with, when ``size`` bytes were sent at once before: its text says
    so if that was too much for many peers."""
    if size > MOST_OF_PEERS:
        error.message = (
            f"{error.message}, after {size:,} bytes in one message: peers of Apache Thrift and "
            f"Envoy refuse frames of more than {MOST_OF_PEERS:,} bytes unless they are told "
            "otherwise"
        )
    return error


class TTransportTimeout(TTransportException, TimeoutError):
    """Nothing arrived, or could be sent, within the time that was set on the transport.

    Also a ``TimeoutError``, which ``socket.timeout`` is another name of.
    """

    def __init__(
        self, type: int = TTransportException.TIMED_OUT, message: str | None = "timed out"
    ) -> None:
        super().__init__(type, message)


class DeadlineExceeded(TTransportTimeout):
    """The time that a call had as a whole is up: that of ``fastthrift.deadline``, or of a pool.

    Also a ``TimeoutError``. ``request_sent`` says whether the server may have run the call.
    """

    def __init__(
        self, type: int = TTransportException.TIMED_OUT, message: str | None = "out of time"
    ) -> None:
        super().__init__(type, message)


class TTransportConnectionReset(TTransportException, ConnectionResetError):
    """The peer broke the connection off."""

    def __init__(
        self,
        type: int = TTransportException.END_OF_FILE,
        message: str | None = "Connection reset by peer",
    ) -> None:
        super().__init__(type, message)
        self.errno = errno.ECONNRESET


class TTransportBrokenPipe(TTransportException, BrokenPipeError):
    """The peer had closed the connection before the bytes were written."""

    def __init__(
        self, type: int = TTransportException.NOT_OPEN, message: str | None = "Broken pipe"
    ) -> None:
        super().__init__(type, message)
        self.errno = errno.EPIPE
