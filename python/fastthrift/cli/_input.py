"""The bytes that ``decode`` is given: as they are, or as text that stands for them."""

from __future__ import annotations

import base64
import binascii
import errno
import os
import re
from pathlib import Path

from fastthrift._core import DEFAULT_MAX_SIZE
from fastthrift._idl import STDIN, UsageError, read_stdin

FORMS = ("auto", "raw", "hex", "base64")

# A line of a dump: where it is, its bytes, and what they are as text. `xxd` has
#     00000000: 8001 0001 0000 0003 6164 6400 0000 0108  ........add.....
# and `hexdump -C`, whose last line is where the next one would be,
#     00000000  80 01 00 01 00 00 00 03  61 64 64 00 00 00 01 08  |........add.....|
_DUMPS = (
    re.compile(rb"([0-9a-fA-F]{8,}):((?: (?:[0-9a-fA-F]{2})+)+)(?:  .*)?"),
    re.compile(rb"([0-9a-fA-F]{8,}) ((?: {1,2}[0-9a-fA-F]{2})+) +\|.*\|"),
)
_END_OF_DUMP = re.compile(rb"([0-9a-fA-F]{8,})")
# A first line of `od` and of `hexdump` alone, whose numbers are of two bytes or not hexadecimal.
_OTHER_DUMP = re.compile(rb"\s*0[0-9a-f]{6} +[0-9a-f]{2,}")
_LIKE_DIGITS = re.compile(rb"[0-9a-fA-F*]{3,}")
_TAKEN = "two for each byte (or as xxd, xxd -p or hexdump -C show them)"
# What they show in place of lines that are like the one above.
_REPEATED = b"*"
# The letters of base64 in URLs.
_BASE64 = bytes.maketrans(b"-_", b"+/")
# Characters of a name that is no file's, in the text of an error.
_SHOWN = 100


def read(path: str) -> bytes:
    """What is in a file or comes by standard input. Raises `UsageError`."""
    if path == STDIN:
        return read_stdin()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        text = f"error: cannot read {path[:_SHOWN]}: {error.strerror}"
        try:
            form, _ = understood(os.fsencode(path), "auto")
        except UsageError:
            form = "raw"
        if error.errno in (errno.ENOENT, errno.ENAMETOOLONG) and form != "raw":
            text += (
                f"; where that is {form} of the bytes and no file, pipe it: "
                "echo DATA | fastthrift decode FILE TYPE -"
            )
        raise UsageError(text) from None


def understood(data: bytes, choice: str) -> tuple[str, bytes]:
    """In which of the `FORMS` bytes are written, and what they are. Raises `UsageError`."""
    if choice in ("auto", "hex") and (dumped := _dumped(data)) is not None:
        return "hex", dumped
    if choice in ("auto", "hex") and _OTHER_DUMP.match(data):
        raise UsageError(
            f"error: the data is a dump of od or hexdump: it has to be hexadecimal, {_TAKEN}"
        )
    text = re.sub(rb"\s", b"", data)
    digits = re.sub(rb"(?i)^0x|\\x|[:,]", b"", text)
    is_hex = re.fullmatch(rb"(?:[0-9a-fA-F]{2})+", digits) is not None
    if choice == "hex" or (choice == "auto" and is_hex):
        if not is_hex:
            raise UsageError(f"error: the data is not hexadecimal digits, {_TAKEN}")
        return "hex", bytes.fromhex(digits.decode())
    text = text.translate(_BASE64)
    looks = len(text) % 4 == 0 and re.fullmatch(rb"[A-Za-z0-9+/]+={0,2}", text) is not None
    if choice == "base64" or (choice == "auto" and looks):
        try:
            return "base64", base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise UsageError(f"error: the data is not base64: {error}") from None
    if choice == "auto" and _LIKE_DIGITS.fullmatch(digits):
        raise UsageError(f"error: the data looks hexadecimal, but has to be {_TAKEN}")
    return "raw", data


def _dumped(data: bytes) -> bytes | None:
    """The bytes of a dump, or None for what does not begin as one. Raises `UsageError` for a dump
    that is not whole."""
    stripped = ((number, line.strip()) for number, line in enumerate(data.splitlines(), 1))
    lines = [(number, line) for number, line in stripped if line]
    pattern = next((each for each in _DUMPS if lines and each.fullmatch(lines[0][1])), None)
    if pattern is None:
        return None
    found = bytearray()
    begin: int | None = None
    row = b""
    is_repeated = False
    for number, line in lines:
        if line == _REPEATED:
            is_repeated = True
            continue
        match = pattern.fullmatch(line) or _END_OF_DUMP.fullmatch(line)
        if match is None:
            raise UsageError(f"error: line {number} of the data is no line of the dump above it")
        at = int(match[1], 16)
        begin = at if begin is None else begin
        missing = at - begin - len(found)
        if is_repeated and 0 <= missing <= DEFAULT_MAX_SIZE and missing % len(row) == 0:
            found += row * (missing // len(row))
        elif missing:
            raise UsageError(
                f"error: line {number} of the dump is of byte {at:#x}, where "
                f"{begin + len(found):#x} would follow: is it one dump, and whole?"
            )
        is_repeated = False
        row = bytes.fromhex(match[2].decode()) if match.re is pattern else row
        found += row if match.re is pattern else b""
    if is_repeated:
        raise UsageError("error: the dump ends with *, which does not say how often")
    return bytes(found)
