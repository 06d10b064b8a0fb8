"""The handler of ``peer.thrift``'s service, the same for every implementation that serves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Handler:
    """`make(name, **fields)` creates the serving implementation's own exception objects."""

    def __init__(self, make: Callable[..., Exception]) -> None:
        self._make = make
        self._messages: list[str] = []

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        if name.startswith("echo_"):
            return lambda value: value
        raise AttributeError(name)

    def ping(self) -> str:
        return "pong"

    def nothing(self) -> None:
        return None

    def arguments(self, a: int, b: str, c: bool, d: list[int]) -> str:
        return f"{a!r} {b!r} {c!r} {d!r}"

    def subtract(self, a: int, b: int) -> int:
        return a - b

    def fetch(self, key: str) -> int:
        if key == "missing":
            raise self._make("NotFound", key=key)
        if key == "secret":
            raise self._make("Denied", message="not you", type="permission")
        return len(key)

    def check(self, key: str) -> None:
        self.fetch(key)

    def fail(self, message: str) -> str:
        raise ZeroDivisionError(message)

    def answers_none(self) -> None:
        return None

    def notify(self, message: str) -> None:
        self._messages.append(message)

    def notify_and_fail(self, message: str) -> None:
        self._messages.append(message)
        raise ZeroDivisionError(message)

    def notified(self) -> list[str]:
        messages, self._messages = self._messages, []
        return messages
