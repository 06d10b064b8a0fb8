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
====================  ==========================================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from django.conf import settings

KEYS = ("CLIENTS", "SERVERS", "REQUEST_BUDGET", "EXCEPTION_STATUS")


def thrift_setting() -> Any:
    """``settings.THRIFT``, which may be anything; {} where there is none."""
    return getattr(settings, "THRIFT", {})


def part(key: str, default: Any = None) -> Any:
    """One of its keys."""
    configured = thrift_setting()
    return configured.get(key, default) if isinstance(configured, Mapping) else default


def root() -> str:
    """Where relative paths of Thrift files are looked for: ``BASE_DIR``, or the working
    directory."""
    return os.fspath(getattr(settings, "BASE_DIR", None) or os.getcwd())
