"""What an application's configuration says of Thrift.

==========================  ====================================================================
``THRIFT_CLIENTS``          a dict with a dict for each client (``fastthrift._web.clients``)
``THRIFT_URL_CALC``         the url of the client ``calc`` in place of that in its dict; also, and
                            before all, as a variable of the environment. Several are separated by
                            spaces
``THRIFT_ERROR_HANDLERS``   whether failed calls are answered with a status; true unless said
``THRIFT_EXCEPTION_STATUS`` statuses of exceptions that services declare, by name or class
``THRIFT_REQUEST_BUDGET``   seconds for all calls of a request together; none unless said
``THRIFT_SLOW``             seconds from which on a call is logged as a warning, in the whole
                            process (``fastthrift.hooks.warn_slow``); none unless said
==========================  ====================================================================

It is read when the extension is initialised; what is changed afterwards has no effect.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastthrift._calls.deadlines import LONGEST
from fastthrift._web.clients import Clients, ConfigurationError, Problem, find_problems, nearest
from fastthrift._web.failures import mistaken_names, status_problem

if TYPE_CHECKING:
    from flask import Flask

CLIENTS = "THRIFT_CLIENTS"
ERROR_HANDLERS = "THRIFT_ERROR_HANDLERS"
EXCEPTION_STATUS = "THRIFT_EXCEPTION_STATUS"
REQUEST_BUDGET = "THRIFT_REQUEST_BUDGET"
SLOW = "THRIFT_SLOW"
URL = "THRIFT_URL_"
_DEFAULTS: dict[str, Any] = {
    CLIENTS: {},
    ERROR_HANDLERS: True,
    EXCEPTION_STATUS: {},
    REQUEST_BUDGET: None,
    SLOW: None,
}


@dataclass(frozen=True)
class Settings:
    """What is configured."""

    clients: Clients
    error_handlers: bool
    statuses: Mapping[Any, int]
    budget: float | None
    slow: float | None


def read_settings(app: Flask) -> Settings:
    """What an application has configured. Raises ``ConfigurationError`` for the first thing that
    cannot be; nothing is connected."""
    for key, default in _DEFAULTS.items():
        app.config.setdefault(key, default)
    configured = _with_urls(app.config)
    for problem in find_problems(configured, root=app.root_path):
        key = url_key(problem.path[0]) if problem.path[1:] == ("url",) else CLIENTS
        if key in os.environ or (key != CLIENTS and key in app.config):
            raise _wrong(key, problem.message, problem.hint)
        raise ConfigurationError.of(CLIENTS, problem)
    _refuse_unknown(app.config, configured)
    for key in (REQUEST_BUDGET, SLOW):
        value = app.config[key]
        if value is not None and not _is_time(value):
            raise _wrong(key, f"{value!r} is no number of seconds above 0, and not None")
    statuses = app.config[EXCEPTION_STATUS]
    if text := status_problem(statuses):
        raise _wrong(EXCEPTION_STATUS, text)
    for text, hint in mistaken_names(statuses):
        app.logger.warning("%s: %s: %s", EXCEPTION_STATUS, text, hint)
    clients = Clients(configured, setting=CLIENTS, root=app.root_path)
    return Settings(
        clients,
        bool(app.config[ERROR_HANDLERS]),
        dict(statuses),
        app.config[REQUEST_BUDGET],
        app.config[SLOW],
    )


def url_key(client: str) -> str:
    """What the url of a client is configured as, for itself: ``THRIFT_URL_CALC``."""
    return URL + re.sub(r"\W", "_", client).upper()


def _with_urls(config: Mapping[str, Any]) -> Any:
    """The clients, with urls that are configured for themselves in place of their own."""
    configured = config[CLIENTS]
    if not isinstance(configured, Mapping):
        return configured
    found = dict(configured)
    of_key: dict[str, Any] = {}
    for name, options in found.items():
        key = url_key(str(name))
        url = os.environ.get(key, config.get(key))
        other = of_key.setdefault(key, name)
        if url is not None and other != name:
            raise _wrong(
                key,
                f"this would be the url of two clients, {other!r} and {name!r}",
                "call one of them otherwise, or give each its url in its dict",
            )
        if url is not None and isinstance(options, Mapping):
            urls = url.split() if isinstance(url, str) else url
            is_one = isinstance(url, str) and len(urls) == 1
            found[name] = {**options, "url": urls[0] if is_one else urls}
    return found


def _refuse_unknown(config: Mapping[str, Any], clients: Mapping[str, Any]) -> None:
    """Raise for a key that is nearly one of ours: it would be passed over without a word."""
    known = (*_DEFAULTS, *map(url_key, clients))
    for key in config:
        if key.startswith("THRIFT_") and key not in known and (hint := nearest(key, known)):
            raise _wrong(key, f"is not known: {hint}")


def _wrong(setting: str, text: str, hint: str | None = None) -> ConfigurationError:
    return ConfigurationError.of(setting, Problem((), text, hint, "setting"))


def _is_time(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 < value <= LONGEST
