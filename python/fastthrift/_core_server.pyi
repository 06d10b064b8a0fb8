"""What `fastthrift._core` has for the native server. A part of its stub, and no module of its
own."""

from typing import Any, Literal, final

from typing_extensions import Self

from ._core_transport import TMemoryBuffer

@final
class AnswerClock:
    """Bounds the waits for one answer: `seconds` for a client that takes nothing, and as much more
    as what was taken by then may take at 16 KiB a second; None for any time."""

    def __new__(cls, seconds: float | None) -> Self: ...
    def begin(self, sock: Any, unsent: int) -> None:
        """An answer is sent on a socket, of which the system does not have so many bytes."""

    def longest(self, left: int) -> float | None:
        """How long so many bytes may take that are left to the system, in seconds."""

    def patience(self, sock: Any, unsent: int) -> float | None:
        """How long to wait from now on, in seconds, where the system does not have so many bytes
        yet: 0 where the client is too slow, None for any time."""

@final
class NativeServer:
    """The loop of a server. `descriptor` is that of a listening socket, which is duplicated.
    Times are in seconds, None for no end; sizes are in bytes."""

    def __new__(
        cls,
        descriptor: int,
        unix: bool,
        *,
        protocol: str | None,
        framed: bool | None,
        foreign: bool,
        header: tuple[list[bool], bool] | None,
        strict: bool,
        max_message_size: int,
        max_string_length: int,
        max_depth: int,
        max_frame_size: int,
        connections: int,
        queue: int,
        message_time: float | None,
        idle_time: float | None,
        grace: float,
    ) -> Self: ...
    @property
    def connections(self) -> int: ...
    @property
    def unfinished(self) -> int | None: ...
    @property
    def waiting(self) -> int: ...
    def close(self, grace: float) -> None: ...
    def fileno(self) -> int: ...
    def start(self) -> None: ...
    def worker(self) -> NativeWorker: ...

@final
class NativeWorker:
    """Who takes work, in one thread."""

    def take(self) -> ServedCalls | ServerNotice | None: ...

@final
class ServedCalls:
    """The calls that have come on a connection, to be made one after the other."""

    @property
    def format(self) -> tuple[str, bool]: ...
    @property
    def is_behind(self) -> bool: ...
    @property
    def peer(self) -> str: ...
    def answer(self, data: bytes, goes_on: bool) -> None: ...
    def give_up(self) -> None: ...
    def header(self) -> tuple[str, dict[bytes, bytes], float] | None: ...
    def next_message(self, source: TMemoryBuffer) -> int | None: ...
    def put_back(self, source: TMemoryBuffer) -> None: ...
    def start(self, most: int) -> bytes: ...

@final
class ServerNotice:
    """What a log should know."""

    @property
    def kind(
        self,
    ) -> Literal["no message", "bad call", "late", "overload", "full", "cannot accept"]: ...
    @property
    def limit(self) -> int: ...
    @property
    def method(self) -> str: ...
    @property
    def more(self) -> int: ...
    @property
    def opening(self) -> bytes: ...
    @property
    def peer(self) -> str: ...
    @property
    def problem(self) -> str: ...
