"""The public surface: thriftpy2's names and signatures, our own, the stub, and what import does."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import fastthrift
import pytest
import thriftpy2

# The modules of thriftpy2 that have their counterpart here.
MODULES = [
    "",
    "._compat",
    ".hook",
    ".parser",
    ".parser.exc",
    ".protocol",
    ".protocol.base",
    ".protocol.binary",
    ".protocol.compact",
    ".protocol.cybin",
    ".protocol.exc",
    ".protocol.multiplex",
    ".rpc",
    ".server",
    ".thrift",
    ".transport",
    ".transport.base",
    ".transport.buffered",
    ".transport.cybase",
    ".transport.framed",
    ".transport.memory",
    ".transport.socket",
    ".utils",
]

# May be missing: other protocols and transports, and what only Cython modules need.
ABSENT = {
    "TApacheJSONProtocol",
    "TApacheJSONProtocolFactory",
    "TCyBuffer",
    "TJSONProtocol",
    "TJSONProtocolFactory",
    "TSSLServerSocket",
    "TSSLSocket",
    "TSaslClientTransport",
    "TSaslClientTransportFactory",
    "TCySaslClientTransport",
    "TCySaslClientTransportFactory",
    "TYPE_CHECKING",
    "create_thriftpy_context",
}

# How thriftpy2's classes do their work; native ones do it otherwise.
INTERNAL_MEMBERS = {"c_write_buffer", "read_frame"}


def own_names(module: types.ModuleType) -> Iterator[tuple[str, Any]]:
    """The public names that a module of thriftpy2 defines, or a package of its modules'."""
    for name, value in vars(module).items():
        home = getattr(value, "__module__", None) or module.__name__
        if name.startswith("_") or name in ABSENT or isinstance(value, types.ModuleType):
            continue
        if home == module.__name__ or home.startswith(f"{module.__name__}."):
            yield name, value


def accepts(ours: inspect.Signature, theirs: inspect.Signature) -> bool:
    """Whether every call that fits `theirs` fits `ours` and means the same."""
    known = list(ours.parameters.values())
    wanted = [p for p in theirs.parameters.values() if not p.name.startswith("_")]
    if any(p.kind is p.VAR_KEYWORD for p in [*known, *wanted]):
        return True
    same = [(p.name, p.kind, p.default) for p in wanted]
    extra = known[len(wanted) :]
    return [(p.name, p.kind, p.default) for p in known[: len(wanted)]] == same and all(
        p.default is not p.empty for p in extra
    )


def signature(value: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(value)
    except ValueError:  # A Cython class does not tell.
        return None


@pytest.mark.parametrize("path", MODULES)
def test_every_name_of_thriftpy2_is_here(path: str) -> None:
    reference = importlib.import_module("thriftpy2" + path)
    subject = importlib.import_module("fastthrift" + path)
    assert [name for name, _ in own_names(reference) if not hasattr(subject, name)] == []


@pytest.mark.parametrize("path", MODULES)
def test_every_call_of_thriftpy2_fits(path: str) -> None:
    reference = importlib.import_module("thriftpy2" + path)
    subject = importlib.import_module("fastthrift" + path)
    wrong = []
    for name, value in own_names(reference):
        theirs = signature(value) if callable(value) else None
        if theirs is None:
            continue
        ours = signature(getattr(subject, name))
        # Factories that are default values are other objects here.
        defaults = [p.default for p in theirs.parameters.values()]
        if any(type(d).__module__.startswith("thriftpy2") for d in defaults):
            assert ours is not None
            assert list(ours.parameters) == list(theirs.parameters), name
        elif ours is None or not accepts(ours, theirs):
            wrong.append(f"{name}: {theirs} in thriftpy2, {ours} here")
    assert wrong == []


@pytest.mark.parametrize("path", MODULES)
def test_the_members_of_thriftpy2s_classes_are_here(path: str) -> None:
    reference = importlib.import_module("thriftpy2" + path)
    subject = importlib.import_module("fastthrift" + path)
    missing = [
        member
        for name, value in own_names(reference)
        if isinstance(value, type)
        for member in vars(value)
        if not member.startswith("_") and not hasattr(getattr(subject, name), member)
    ]
    # The constants are those of the compact encoding, of no use outside of it.
    assert {m for m in missing if not m.isupper()} <= INTERNAL_MEMBERS


def test_names_that_programs_import_from_where_they_are_not_defined() -> None:
    from fastthrift.parser.exc import ThriftParserError
    from fastthrift.rpc import TServerSocket, TSocket
    from fastthrift.transport import socket

    assert (TSocket, TServerSocket) == (socket.TSocket, socket.TServerSocket)
    assert ThriftParserError is fastthrift.parser.ThriftParserError


def test_the_names_of_the_package() -> None:
    assert set(thriftpy2.__all__) | {"decode", "encode"} <= set(fastthrift.__all__)
    assert all(hasattr(fastthrift, name) for name in fastthrift.__all__)


def test_the_stub_tells_the_truth() -> None:
    """Every name, method and signature of the native module."""
    checked = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "--ignore-disjoint-bases", "fastthrift._core"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_import_is_light() -> None:
    """Nothing that a program without asyncio, SSL and HTTP would have to pay for."""
    heavy = ("asyncio", "ssl", "http", "email", "flask", "django")
    program = (
        "import sys, fastthrift, fastthrift.rpc, fastthrift.utils\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert run(program) == "[]"


def test_import_starts_nothing() -> None:
    """No thread and no open file: a program may fork after it (`gunicorn --preload`)."""
    program = (
        "import os, fastthrift.rpc\n"
        "tasks = len(os.listdir('/proc/self/task'))\n"
        "links = [os.readlink(f'/proc/self/fd/{n}') for n in range(3, 64)\n"
        "         if os.path.exists(f'/proc/self/fd/{n}')]\n"
        "print(tasks, [link for link in links if link.startswith('socket:')])"
    )
    assert run(program) == "1 []"


def test_import_sets_up_no_logging() -> None:
    """The core's log goes to `logging` from the first load on, and only where that is in use."""
    program = (
        "import sys, fastthrift\n"
        "assert 'logging' not in sys.modules\n"
        "import logging\n"
        "assert [n for n in logging.root.manager.loggerDict if n.startswith('fastthrift')] == []\n"
        "logging.basicConfig(level='DEBUG', stream=sys.stdout, format='%(name)s')\n"
        "fastthrift.load_fp(__import__('io').StringIO('struct A {}'), 'a_thrift')"
    )
    assert run(program) == "fastthrift.parser"


def test_encode_and_decode_take_thrifts_own_exceptions_too() -> None:
    from fastthrift.thrift import TApplicationException

    error = TApplicationException(TApplicationException.MISSING_RESULT, "nothing")
    for protocol in ("binary", "compact"):
        copy = fastthrift.decode(
            TApplicationException, fastthrift.encode(error, protocol), protocol
        )
        assert (copy.type, copy.message) == (error.type, error.message)
