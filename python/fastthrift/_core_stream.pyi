"""What `fastthrift._core` has for what comes in pieces: frames, and what first bytes speak. A part
of its stub, and no module of its own."""

from typing import Final, TypeAlias

from typing_extensions import Buffer

# How many bytes a length has that stands before others.
FRAME_HEADER: Final = 4

def tells_later(opening: bytes) -> bool: ...
def detect(opening: bytes) -> tuple[str, bool] | None:
    """What the first bytes of a connection speak, and whether in frames; None where they do not
    tell. It is "binary", "old binary" (without versions), "compact", "JSON", "Apache JSON",
    "THeader", "HTTP request", "HTTP response", "TLS handshake", "TLS alert" or "SASL"."""

def guess(opening: bytes) -> tuple[str, bool] | None:
    """What bytes look like that somebody did not expect, and whether in a frame, for the text of an
    error; None where they look like nothing. It is what `detect` tells, or "zlib", "SMTP greeting",
    "SSH greeting" or "text"."""

def detect_struct(data: bytes, framed: bool) -> tuple[str, bool] | None:
    """The JSON that a struct without a message is in, "JSON" or "Apache JSON", and whether in a
    frame; `framed` says whether the bytes are taken for one. None where it is no JSON."""

def frame_header(length: int, limit: int | None = None, *, sasl: bool = False) -> bytes:
    """What stands before a frame of `length` bytes: four bytes.

    Raises a TMalformedDataException of type SIZE_LIMIT where it is above the limit, or of 2 GiB.
    """

def framed(payload: bytes, limit: int | None = None, *, sasl: bool = False) -> bytes:
    """Bytes as a frame: their number, then themselves. Raises as `frame_header` does."""

def frame_length(header: Buffer, limit: int, *, sasl: bool = False) -> int:
    """The length of a frame that begins with these four bytes.

    Raises a TFrameSizeException where it is above the limit, or none: one of SASL may be 0, and
    others may not.
    """

def unsigned_header(length: int) -> bytes:
    """What stands before so many bytes of a text that is told with its number: four bytes, which
    have no sign. Raises an OverflowError where they do not fit."""

def unsigned_length(header: Buffer) -> int:
    """How many bytes are announced by these four."""

# Of a frame of THeader: the id of its protocol, flags, sequence id, whether zlib compressed it; and
# keys with values, for its message and for all that follow.
_Pairs: TypeAlias = dict[bytes, bytes]

def read_header_frame(
    frame: bytes, limit: int
) -> tuple[bytes, int, int, int, bool, _Pairs, _Pairs]: ...
def write_header_frame(
    payload: bytes, numbers: tuple[int, int, int, bool], headers: _Pairs, persistent: _Pairs
) -> bytes: ...
def keep_headers(kept: _Pairs, more: _Pairs) -> _Pairs: ...
def refused_client(spoken: int, taken: list[bool]) -> str: ...
def refused_protocol(protocol: int) -> str: ...
def refused_transform(transform: int) -> str: ...
def end_of_file() -> Exception: ...
def frame_ended(needed: int | None = None) -> Exception: ...
def frame_end(data: bytes) -> int | None:
    """Where the frame ends that begins with these bytes, come or not; None where there is none."""
