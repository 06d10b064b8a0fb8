"""Parts of the standard library without the modules around them.

``import fastthrift`` must cost next to nothing. ``functools``, ``collections`` and ``threading``
bring each other and more along; these three names come from the native modules beneath them.
``TYPE_CHECKING`` is written out wherever it is needed, because ``typing`` costs more to import
than all of this package.
"""

from __future__ import annotations

from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import defaultdict
    from functools import partial
else:
    from _collections import defaultdict
    from _functools import partial

__all__ = ["RLock", "defaultdict", "partial"]
