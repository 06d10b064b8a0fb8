"""Parts of the standard library without the modules around them.

``import fastthrift`` must cost next to nothing. ``functools``, ``collections`` and ``threading``
bring each other and more along; these names come from the native modules beneath them.
``TYPE_CHECKING`` is written out wherever it is needed, because ``typing`` costs more to import
than all of this package.
"""

from __future__ import annotations

import _thread
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import defaultdict
    from functools import partial
    from threading import RLock as Lock
else:
    from _collections import defaultdict
    from _functools import partial

__all__ = ["defaultdict", "new_lock", "partial"]


def new_lock() -> Lock:
    """A lock that its owner may take again: ``threading.RLock()``, also where somebody has put
    another one there, as gevent does; where ``threading`` was not imported nobody has."""
    threading = sys.modules.get("threading")
    lock: Lock = _thread.RLock() if threading is None else threading.RLock()
    return lock
