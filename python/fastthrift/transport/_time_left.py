"""The time that a client leaves for a call, as it travels with a request.

Over HTTP and THeader it is a header: the whole milliseconds that are left when the request is sent.
The clocks of two machines differ, so a moment would not do.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable
from typing import Any

from fastthrift._layers import find_layer

TIMEOUT_HEADER = "X-Thrift-Timeout"

# A thousand million milliseconds are eleven days.
_MILLISECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


def milliseconds_left(at: float) -> str:
    """The value of the header for a call that ends at a moment of ``time.monotonic``."""
    return str(max(0, math.ceil((at - time.monotonic()) * 1000)))


def deadline_of(trans: Any) -> float | None:
    """The moment of ``time.monotonic`` that bounds the calls over a transport: the ``deadline`` of
    the first one from it downwards that has any; None for no such time."""
    at: float | None = getattr(find_layer(trans, "deadline"), "deadline", None)
    return at


def moment_of(values: Iterable[str]) -> float | None:
    """The moment of ``time.monotonic`` at which a call with these values of the header ends, if it
    starts now. None where there is no value, or anything but one number: that is ignored."""
    given = list(values)
    if len(given) != 1 or not _MILLISECONDS.fullmatch(given[0].strip()):
        return None
    return time.monotonic() + int(given[0]) / 1000
