"""The setting ``THRIFT``, as it is at this moment.

====================  ==========================================================================
``CLIENTS``           a dict of clients by name: ``IDL``, ``SERVICE``, ``URL``, ``TIMEOUT``,
                      ``CONNECT_TIMEOUT``, ``CHECKOUT_TIMEOUT``, ``POOL_SIZE``, ``IDEMPOTENT``,
                      ``RETRIES``, ``MAX_IDLE``, ``MAX_AGE``
``SERVERS``           a dict of servers by alias: ``IDL``, ``SERVICE``, ``HANDLER``, ``BIND``,
                      ``MIDDLEWARE``, ``ATOMIC_CALLS``
``REQUEST_BUDGET``    seconds that the calls of one HTTP request have altogether, for
                      ``DeadlineMiddleware``
``EXCEPTION_STATUS``  statuses of declared exceptions by their name, for ``ErrorMiddleware``
``SLOW``              seconds from which on a call is logged as a warning, in the whole process
                      (``fastthrift.hooks.warn_slow``)
====================  ==========================================================================
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from fastthrift.hooks import warn_slow

KEYS = ("CLIENTS", "SERVERS", "REQUEST_BUDGET", "EXCEPTION_STATUS", "SLOW")


def thrift_setting() -> Any:
    """``settings.THRIFT``, which may be anything; {} where there is none."""
    return getattr(settings, "THRIFT", {})


def part(key: str, default: Any = None) -> Any:
    """One of its keys."""
    configured = thrift_setting()
    return configured.get(key, default) if isinstance(configured, Mapping) else default


def is_time(value: Any) -> bool:
    """Whether it is a number of seconds above 0."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 < value < math.inf


def warn_of_slow_calls(*, setting: str = "THRIFT", **_: object) -> None:
    """Have slow calls logged as ``SLOW`` says, also when it is overridden. A value that is none
    is the checks' matter."""
    if setting != "THRIFT":
        return
    slow = part("SLOW")
    limit = slow if is_time(slow) else None
    warn_slow(client=limit, server=limit)


def root() -> str:
    """Where relative paths of Thrift files are looked for: ``BASE_DIR``, or the working
    directory."""
    return os.fspath(getattr(settings, "BASE_DIR", None) or os.getcwd())
