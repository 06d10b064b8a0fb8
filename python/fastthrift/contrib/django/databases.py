"""Database connections between the units of work of a thread: closed where they are broken, too
old, or of a time before another thread's was found broken, as all are when a database restarts.
What is in a transaction of a test is left alone.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any
from weakref import WeakKeyDictionary

from django.db import Error, connections
from django.db.backends.signals import connection_created

from fastthrift._light import LockOfProcess

_lock = LockOfProcess()

# How often connections of an alias were found broken, and how often when each was opened.
_breaks: Counter[str] = Counter()
_opened: WeakKeyDictionary[Any, int] = WeakKeyDictionary()


def _note_opened(*, connection: Any, **_: object) -> None:
    opened = _opened.get(connection)
    # A transaction that cannot be rolled back ends with another connection, before its unit does.
    if opened is not None and _is_of_database(sys.exc_info()[1]):
        _note_broken(connection.alias, opened)
    _opened[connection] = _breaks[connection.alias]


def _is_of_database(error: BaseException | None) -> bool:
    """Whether an exception is one of the database, or was raised while one was handled."""
    while error is not None and not isinstance(error, Error):
        error = error.__context__
    return error is not None


connection_created.connect(_note_opened, dispatch_uid="fastthrift.databases")


def begin_unit() -> None:
    """Forget queries, and close connections that would fail."""
    for connection in _of_this_thread():
        connection.queries_log.clear()
        if _opened.get(connection, 0) < _breaks[connection.alias]:
            connection.close()
    end_unit()


def end_unit() -> None:
    """Close connections that are broken or too old."""
    for connection in _of_this_thread():
        connection.close_if_unusable_or_obsolete()
        if connection.connection is None:
            opened = _opened.pop(connection, None)
            # One that could not be opened says nothing of those that are open.
            if connection.errors_occurred and opened is not None:
                _note_broken(connection.alias, opened)


def leave() -> None:
    """Close the connections of a thread that makes no calls."""
    for connection in _of_this_thread():
        connection.close()


def roll_back_request() -> None:
    """Have the transactions of ``ATOMIC_REQUESTS`` rolled back at the end of the view, as for one
    that raises."""
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            connection.set_rollback(True)


def _of_this_thread() -> list[Any]:
    found = connections.all(initialized_only=True)
    return [connection for connection in found if not connection.in_atomic_block]


def _note_broken(alias: str, opened: int) -> None:
    with _lock.now:
        # Others that break with it, or later for the same reason, are older than the first.
        if opened == _breaks[alias]:
            _breaks[alias] += 1
