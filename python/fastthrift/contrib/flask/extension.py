"""The extension, which holds no application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from weakref import ref

from werkzeug.local import LocalProxy

from .commands import thrift_commands
from .mounts import Mount
from .state import EXTENSION, AppThrift, current, mount_at

if TYPE_CHECKING:
    from flask import Flask

    from fastthrift._calls.observed import Middleware
    from fastthrift._web.clients import Override


class Thrift:
    """The extension: it holds no application, and may be of many.

    ``thrift["calc"]`` is a client of the application whose context it is asked in, as
    ``current_thrift["calc"]``.
    """

    def __init__(self, app: Flask | None = None) -> None:
        """``app`` is initialised at once, where it is given."""
        # Mounts of each application to come, and that which came last.
        self._mounts: list[Mount] = []
        self._last: Callable[[], Flask | None] = lambda: None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the configuration of an application, and have its failed calls answered and its
        commands known. Nothing is connected before a client is used.

        Raises ``ConfigurationError``, a ``ValueError``, which names the place and says what to do,
        and ``RuntimeError`` for an application that has been initialised already.
        """
        if EXTENSION in app.extensions:
            raise RuntimeError(
                f"{app.name} has a Thrift extension already: call init_app() once for each "
                "application, and share the one Thrift object"
            )
        app.extensions[EXTENSION] = AppThrift(app)
        app.cli.add_command(thrift_commands)
        self._last = ref(app)
        for mount in self._mounts:
            mount_at(app, mount)

    def mount(
        self,
        path: str,
        service: Any,
        handler: Any,
        *,
        decorators: Iterable[Callable[..., Any]] = (),
        max_bytes: int = 1 << 20,
        json: bool = False,
        page: bool = False,
        middleware: Iterable[Middleware] = (),
        endpoint: str | None = None,
        app: Flask | None = None,
    ) -> None:
        """Serve a service at a URL of an application, and by ``flask thrift serve``.

        ``path`` is where; ``handler`` an object with the methods of ``service``, in which
        ``request`` and ``current_app`` are as in any view. ``decorators`` go around the view, the
        first one outermost, as they are written above a function. A request of more than
        ``max_bytes`` bytes is refused. ``json`` is whether ``POST path/Service/method`` takes a
        JSON object of arguments, ``page`` whether ``GET`` shows the service, ``middleware`` stands
        around each call (see ``fastthrift.hooks``); ``endpoint`` is the name of the view.

        It is for ``app``; where none is given for the one that ``init_app`` was called with last;
        before it was called, for all that will come.
        """
        mount = Mount(
            path,
            service,
            handler,
            tuple(decorators),
            max_bytes,
            json,
            page,
            tuple(middleware),
            endpoint,
        )
        app = app or self._last()
        if app is None:
            self._mounts.append(mount)
        else:
            mount_at(app, mount)

    def __getitem__(self, name: str) -> Any:
        return current()[name]

    def override(self, name: str, fake: Any) -> Override:
        """Put another object in the place of a client of the application whose context this is:
        ``current_thrift.override`` tells the rest."""
        return current().override(name, fake)


#: What the application has whose context this is.
current_thrift: AppThrift = LocalProxy(current)  # type: ignore[assignment]
