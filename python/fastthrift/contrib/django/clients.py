"""The clients of the settings, by their names."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.signals import setting_changed

from fastthrift._web.clients import Clients, ConfigurationError, no_dict

from .conf import part, root, thrift_setting


class SettingsClients(Mapping[str, Any]):
    """``clients["calc"]`` is the ``fastthrift.ClientPool`` of ``THRIFT["CLIENTS"]["calc"]``.

    It is made when it is first asked for, and connects when it is first called; threads share it.
    Asking raises ``KeyError`` for a name that there is not, ``ConfigurationError``, a
    ``ValueError``, where the settings are wrong. When they are overridden it follows.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: Clients | None = None
        # What stands in the place of clients, the last one in force.
        self._fakes: dict[str, list[Any]] = {}

    def _clients(self) -> Clients:
        made = self._made
        if made is None:
            with self._lock:
                made = self._made
                if made is None:
                    made = self._made = Clients(
                        _configured(), setting="THRIFT['CLIENTS']", root=root(), upper=True
                    )
        return made

    def __getitem__(self, name: str) -> Any:
        fakes = self._fakes.get(name)
        return fakes[-1] if fakes else self._clients()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._clients())

    def __len__(self) -> int:
        return len(self._clients())

    def __contains__(self, name: object) -> bool:
        return name in self._clients()

    def close(self) -> None:
        """Close all connections, busy ones at the end of their call. A client that is asked for
        afterwards is made anew, of the settings as they are then."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.close()

    def put(self, name: str, fake: Any) -> None:
        """Have an object in the place of a client, for ``override_clients``."""
        if name not in self:
            self._clients()[name]  # raises what says which there are
        self._fakes.setdefault(name, []).append(fake)

    def take_back(self, name: str) -> None:
        """End the last ``put``."""
        self._fakes[name].pop()


def _configured() -> Mapping[str, Any]:
    configured = thrift_setting()
    if not isinstance(configured, Mapping):
        raise ConfigurationError.of("THRIFT", no_dict((), configured, "a dict with CLIENTS"))
    clients = part("CLIENTS", {})
    if not isinstance(clients, Mapping):
        problem = no_dict((), clients, "a dict with a dict for each client")
        raise ConfigurationError.of("THRIFT['CLIENTS']", problem)
    return clients


clients = SettingsClients()


def _follow(*, setting: str, **_: object) -> None:
    if setting in ("THRIFT", "BASE_DIR"):
        clients.close()


setting_changed.connect(_follow, dispatch_uid="fastthrift.clients")
