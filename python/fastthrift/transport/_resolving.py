"""The addresses of names, within some time. The system looks a name up for as long as it likes,
which is many seconds where a nameserver is silent."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from ._addresses import Address, NameTimeout, resolve


def resolve_within(host: Any, port: Any, family: int, seconds: float | None) -> list[Address]:
    """What ``resolve`` gives; raises ``NameTimeout`` where that takes more than ``seconds``, None
    for any time.

    A name is then looked up as ``begin_lookup`` does it.
    """
    if seconds is None or needs_no_lookup(host):
        return resolve(host, port, family)
    lookup = begin_lookup(host, port, family)
    if not lookup.done.wait(seconds):
        raise NameTimeout("the name was not resolved in time")
    return lookup.result()


def begin_lookup(host: Any, port: Any, family: int) -> Lookup:
    """Look a name up in a thread, which ends when the system does, and the program does not wait
    for; those who ask for the same name meanwhile share it.

    Where gevent is in the place of threads, it is a greenlet. Where no other thread can be had the
    caller's does it, for as long as the system likes.
    """
    # A forked child does not have the threads of its parent.
    key = os.getpid(), host, port, type(family), int(family)
    made = Lookup()
    try:
        lookup = _under_way.setdefault(key, made)
        if lookup is made:
            made.start(key)
    except BaseException:
        if _under_way.get(key) is made:
            _under_way.pop(key, None)
        made.end()
        raise
    return lookup


class Lookup:
    """A name that is looked up."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.addresses: list[Address] = []
        self.error: BaseException | None = OSError("the lookup of the name was interrupted")
        self._told: list[Callable[[], object]] = []

    def start(self, key: tuple[Any, ...]) -> None:
        try:
            threading.Thread(target=self.look_up, args=(key,), daemon=True).start()
        except RuntimeError:
            # The process has as many as it may have, or the interpreter is about to end.
            self.look_up(key)

    def look_up(self, key: tuple[Any, ...]) -> None:
        _, host, port, kind, number = key
        try:
            self.addresses, self.error = resolve(host, port, kind(number)), None
        except Exception as error:
            self.error = error
        finally:
            _under_way.pop(key, None)
            self.end()

    def end(self) -> None:
        self.done.set()
        for tell in list(self._told):
            tell()

    def tell(self, tell: Callable[[], object]) -> None:
        """Call this when it is done, from whatever thread, and more than once perhaps."""
        self._told.append(tell)
        if self.done.is_set():
            tell()

    def result(self) -> list[Address]:
        """What was found; raises what the system did."""
        if (error := self.error) is None:
            return self.addresses
        # Each has its own traceback.
        raise type(error)(*error.args) from error


_under_way: dict[tuple[Any, ...], Lookup] = {}


def needs_no_lookup(host: Any) -> bool:
    """Whether a host is an address, or this one: nobody is asked for it."""
    if isinstance(host, bytes):
        # As `getaddrinfo` takes a name, too.
        host = host.decode("ascii", "replace")
    if not host or ":" in host:
        return True
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):
        return False
    return True
