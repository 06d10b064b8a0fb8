"""The addresses of names, within some time. The system looks a name up for as long as it likes,
which is many seconds where a nameserver is silent."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

from ._addresses import Address, NameTimeout, resolve


def resolve_within(host: Any, port: Any, family: int, seconds: float | None) -> list[Address]:
    """What ``resolve`` gives; raises ``NameTimeout`` where that takes more than ``seconds``, None
    for any time.

    A name is then looked up in a thread, which ends when the system does; those who ask for the
    same name meanwhile share it. Where gevent is in the place of threads, it is a greenlet. Where
    no other thread can be had the caller's does it, for as long as the system likes.
    """
    if seconds is None or needs_no_lookup(host):
        return resolve(host, port, family)
    # A forked child does not have the threads of its parent.
    key = os.getpid(), host, port, type(family), int(family)
    made = _Lookup()
    try:
        lookup = _under_way.setdefault(key, made)
        if lookup is made:
            made.start(key)
    except BaseException:
        if _under_way.get(key) is made:
            _under_way.pop(key, None)
        made.done.set()
        raise
    if not lookup.done.wait(seconds):
        raise NameTimeout("the name was not resolved in time")
    if (error := lookup.error) is None:
        return lookup.addresses
    # Each has its own traceback.
    raise type(error)(*error.args) from error


class _Lookup:
    """A name that is looked up."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.addresses: list[Address] = []
        self.error: BaseException | None = OSError("the lookup of the name was interrupted")

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
            self.done.set()


_under_way: dict[tuple[Any, ...], _Lookup] = {}


def needs_no_lookup(host: Any) -> bool:
    """Whether a host is an address, or this one: nobody is asked for it."""
    if not host or ":" in host:
        return True
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):
        return False
    return True
