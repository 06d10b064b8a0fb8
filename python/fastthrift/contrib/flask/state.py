"""What an application has of Thrift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flask import current_app, has_app_context

from fastthrift._web.failures import failure_of
from fastthrift.hooks import warn_slow

from .budget import bound_requests
from .config import read_settings
from .errors import handle_errors
from .mounts import Mount, add_view

if TYPE_CHECKING:
    from flask import Flask

    from fastthrift._web.clients import Override
    from fastthrift._web.failures import Failure

#: Its place among the extensions of an application.
EXTENSION = "thrift"


class AppThrift(Mapping[str, Any]):
    """What an application has of Thrift: its clients by their names, each a
    ``fastthrift.ClientPool``, and its mounts. It is ``app.extensions["thrift"]``, and
    ``current_thrift`` in a context of the application."""

    def __init__(self, app: Flask) -> None:
        settings = read_settings(app)
        self.settings = settings
        self.clients = settings.clients
        #: What is served at URLs, and by ``flask thrift serve``.
        self.mounts: list[Mount] = []
        if settings.error_handlers:
            handle_errors(app, settings.statuses)
        if settings.budget is not None:
            bound_requests(app, settings.budget)
        if settings.slow is not None:
            warn_slow(client=settings.slow, server=settings.slow)

    def __getitem__(self, name: str) -> Any:
        return self.clients[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.clients)

    def __len__(self) -> int:
        return len(self.clients)

    def __contains__(self, name: object) -> bool:
        return name in self.clients

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self) or 'without clients'}>"

    def override(self, name: str, fake: Any) -> Override:
        """Put another object in the place of a client, for tests: until ``restore()`` of what is
        returned, or the end of a ``with`` block, in all threads. Raises ``KeyError`` for a client
        that is not configured."""
        return self.clients.override(name, fake)

    def failure(self, error: BaseException) -> Failure | None:
        """What an exception of a call means to a request, for an application that answers with
        pages of its own: its ``status``, ``error`` (a text that may be shown), ``client``,
        ``method`` and ``headers``. None where it means nothing: a declared exception without a
        status, or no exception of Thrift."""
        return failure_of(error, self.settings.statuses, debug=current_app.debug)

    def close(self) -> None:
        """Close the connections of all clients; those that are used afterwards connect again."""
        self.clients.close()


def mount_at(app: Flask, mount: Mount) -> None:
    """Serve a service at a URL of an application."""
    thrift: AppThrift = app.extensions[EXTENSION]
    add_view(app, mount)
    thrift.mounts.append(mount)


def current() -> AppThrift:
    """What the application has whose context this is. Raises ``RuntimeError`` where it is none of
    an application with the extension."""
    if not has_app_context():
        raise RuntimeError(
            "Thrift's clients are those of an application, and there is no context of one: use "
            "them in a view, a command, or `with app.app_context():`"
        )
    found: AppThrift | None = current_app.extensions.get(EXTENSION)
    if found is None:
        raise RuntimeError(
            f"{current_app.name} has no Thrift extension: call init_app() of one with it"
        )
    return found
