"""Parts of the standard library without the modules around them, and what a forked child begins
anew.

``import fastthrift`` must cost next to nothing. ``functools``, ``collections`` and ``threading``
bring each other and more along; these names come from the native modules beneath them.
``TYPE_CHECKING`` is written out wherever it is needed, because ``typing`` costs more to import
than all of this package.
"""

from __future__ import annotations

import _thread
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import defaultdict
    from collections.abc import Callable
    from functools import partial
    from threading import RLock as Lock
else:
    from _collections import defaultdict
    from _collections_abc import Callable
    from _functools import partial

__all__ = ["LockOfProcess", "defaultdict", "in_child", "new_lock", "partial"]


def new_lock() -> Lock:
    """A lock that its owner may take again: ``threading.RLock()``, also where somebody has put
    another one there, as gevent does; where ``threading`` was not imported nobody has."""
    threading = sys.modules.get("threading")
    lock: Lock = _thread.RLock() if threading is None else threading.RLock()
    return lock


def in_child(act: Callable[[], object]) -> None:
    """Have something done first in each forked child, where the system forks."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=act)


class LockOfProcess:
    """A lock, ``now``, which is a new one in a forked child: that does not have the thread which
    may hold it."""

    __slots__ = ("now",)

    now: Lock

    def __init__(self) -> None:
        self.renew()
        in_child(self.renew)

    def renew(self) -> None:
        """Have a new one."""
        self.now = new_lock()
