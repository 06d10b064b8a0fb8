"""Whether anybody watches calls. Nobody does until there is a hook, middleware, somebody who has
``current_call``, or an access log (``observed.watch_calls``); until then a call asks this, and no
more."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fastthrift._calls.steps import Steps


class _Watch:
    """One object that every call looks at."""

    __slots__ = ("is_on", "serve")

    # How a call is served that is watched: see ``observed.serve``.
    serve: Callable[..., Steps[None]]

    def __init__(self) -> None:
        self.is_on = False


watch = _Watch()


class Traffic:
    """What has come and gone for one call, in bytes, where it was cut out of a connection."""

    counts_bytes = True
    bytes_told: tuple[int, int] | None = (0, 0)

    def __init__(self, received: int, sent: Callable[[], int]) -> None:
        """``sent`` tells how much was written so far."""
        self.bytes_received = received
        self._sent = sent

    @property
    def bytes_sent(self) -> int:
        return self._sent()


_INFO = 20  # logging.INFO


def wants_access_log() -> bool:
    """Whether somebody wants the access log, and nobody watches yet; asked once for a
    connection."""
    logging = sys.modules.get("logging")
    if watch.is_on or logging is None:
        return False
    return bool(logging.getLogger("fastthrift.access").isEnabledFor(_INFO))
