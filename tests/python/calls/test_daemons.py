"""A program lives to its end while its daemon threads are in code of it that the core has called.

There the interpreter stops them, up to 3.13 by unwinding their stacks."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import io, os, sys, threading, time
import fastthrift
from fastthrift.protocol import TJSONProtocol
from fastthrift.utils import deserialize, serialize

module = fastthrift.load_fp(
    io.StringIO(
        "struct S { 1: i32 i, 2: list<i32> l, 3: map<i32, i32> m, 4: bool b, 5: double d,"
        " 6: string t, 7: S s }"
    ),
    "daemons_thrift",
)
S = module.S
inside = threading.Event()


def wait(inside=inside.set, sleep=time.sleep):
    inside()
    sleep(0.2)


class Number:
    def __index__(self, wait=wait):
        wait()
        return 1

    def __float__(self, wait=wait):
        wait()
        return 1.0

    def __bool__(self, wait=wait):
        wait()
        return True

    def __eq__(self, other, wait=wait):
        wait()
        return True

    __hash__ = None


class Items(list):
    def __iter__(self, wait=wait):
        wait()
        return list.__iter__(self)


class Entries(dict):
    def items(self, wait=wait):
        wait()
        return dict.items(self)


class Text:
    def encode(self, encoding, wait=wait):
        wait()
        return b"text"


class Shown:
    def __index__(self):
        return 1

    def __repr__(self, wait=wait):
        wait()
        return "shown"


class Asked(S):
    i = property(lambda self, wait=wait: wait())


class Made(S):
    def __init__(self, wait=wait):
        wait()
        super().__init__()


class Waiting(TJSONProtocol):
    def write_struct(self, obj, wait=wait):
        wait()

    def read_struct(self, obj, wait=wait):
        wait()


class Factory:
    get_protocol = staticmethod(Waiting)


def refused(value, encode=fastthrift.encode):
    try:
        encode(value)
    except Exception:
        return


ways = {
    "a protocol that writes": lambda: serialize(S(), Factory()),
    "a protocol that reads": lambda: deserialize(S(), b"{}", Factory()),
    "__index__": lambda: fastthrift.encode(S(i=Number())),
    "__float__": lambda: fastthrift.encode(S(d=Number())),
    "__bool__": lambda: fastthrift.encode(S(b=Number())),
    "__iter__": lambda: fastthrift.encode(S(l=Items([1]))),
    "items": lambda: fastthrift.encode(S(m=Entries({1: 1}))),
    "encode": lambda: fastthrift.encode(S(t=Text())),
    "a property": lambda: fastthrift.encode(Asked.__new__(Asked)),
    "__init__": lambda: fastthrift.decode(Made, b"\\0"),
    "__repr__": lambda: refused(S(m={Shown(): ""})),
    "__eq__": lambda: S(i=Number()) == S(i=Number()),
    "plain data": lambda: fastthrift.to_dict(S(s=S(i=Number()))),
}


def call(way):
    while True:
        way()


class SlowToEnd:
    def __del__(self, sleep=time.sleep, write=os.write):
        sleep(0.5)
        write(1, b"ended")


# The frames of the thread keep the names of this program alive.
sys.slow_to_end = SlowToEnd()
thread = threading.Thread(target=call, args=(ways[sys.argv[1]],), daemon=True)
thread.start()
assert inside.wait(100)
"""

WAYS = [
    "a protocol that writes",
    "a protocol that reads",
    "__index__",
    "__float__",
    "__bool__",
    "__iter__",
    "items",
    "encode",
    "a property",
    "__init__",
    "__repr__",
    "__eq__",
    "plain data",
]


@pytest.mark.parametrize("way", WAYS)
def test_program_ends_while_a_daemon_thread_is_in_code_that_the_core_has_called(way: str) -> None:
    program = subprocess.run(
        [sys.executable, "-c", PROGRAM, way],
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert program.returncode == 0, program.stderr.decode()
    assert program.stdout == b"ended"
    assert program.stderr == b""
