"""The names of the package, the stub, and what import does. thriftpy2's names: test_api_surface."""

from __future__ import annotations

import inspect
import io
import subprocess
import sys
from typing import Any

import fastthrift
import pytest
import thriftpy2
from fastthrift.contrib.aio.protocol import (
    TAsyncBinaryProtocolFactory,
    TAsyncCompactProtocolFactory,
)
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory


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


def test_import_of_the_package_is_lighter_still() -> None:
    """What ``import fastthrift`` and a first load bring along."""
    program = (
        "import sys\n"
        "before = set(sys.modules) | {'fastthrift'}\n"
        "import fastthrift\n"
        "fastthrift.load('api.thrift', resolver={'api.thrift': 'struct A { 1: i32 a = 1 }'}).A()\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new & {'asyncio', 'collections', 'dataclasses', 'functools', 'importlib',\n"
        "    'inspect', 'logging', 're', 'threading', 'typing', 'urllib', 'zipfile'}))"
    )
    assert run(program) == "[]"


def test_a_first_load_imports_nothing() -> None:
    """A module that is imported takes longer than loading a small file."""
    text = (
        "enum E { A } struct S { 1: E e } exception X { 1: S s } "
        "service Q { S f() throws (1: X x) }"
    )
    program = (
        "import sys, fastthrift\n"
        "before = set(sys.modules)\n"
        f"api = fastthrift.load('api.thrift', resolver={{'api.thrift': {text!r}}})\n"
        "api.S(api.E.A), api.X(api.S()), api.Q.f_args\n"
        "print(sorted(set(sys.modules) - before))"
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


@pytest.mark.parametrize(
    "factory",
    [
        TBinaryProtocolFactory,
        TCompactProtocolFactory,
        TAsyncBinaryProtocolFactory,
        TAsyncCompactProtocolFactory,
    ],
)
def test_the_signature_of_a_protocol_says_what_its_options_are(factory: Any) -> None:
    of_factory = inspect.signature(factory).parameters
    trans, *of_protocol = inspect.signature(
        type(factory().get_protocol(object()))
    ).parameters.values()
    assert trans.name == "trans"
    assert of_protocol == list(of_factory.values())
    options = {name for name in vars(type(factory()).__mro__[-2]) if not name.startswith("_")}
    both = options - {"strict_read", "strict_write"}
    assert both <= set(of_factory) <= options
    for name, parameter in of_factory.items():
        assert getattr(factory(), name) == parameter.default, name
        other = not parameter.default if isinstance(parameter.default, bool) else 17
        changed = factory(**{name: other})
        assert getattr(changed, name) == other
        assert getattr(changed.get_protocol(object()), name) == other


def test_help_of_exceptions_is_for_those_who_catch_them() -> None:
    idl = "exception Absent { 1: string name } /** No tea. */ exception Tea {}"
    module = fastthrift.load_fp(io.StringIO(idl), "help_of_exceptions_thrift")
    assert inspect.getdoc(module.Tea) == "No tea."
    for cls, words in (
        (module.Absent, ("declares", "fields are attributes", "handler raises")),
        (fastthrift.thrift.TApplicationException, ("``type``", "``INTERNAL_ERROR``", "``peer``")),
        (
            fastthrift.transport.TTransportException,
            ("``type``", "``NOT_OPEN``", "``request_sent``"),
        ),
        (fastthrift.protocol.exc.TProtocolException, ("``type``", "``INVALID_DATA``")),
        # From which those have what tells of their call, and whose part help() shows as its own.
        (fastthrift.thrift.TApplicationException.__mro__[1], ("``request_sent``", "``client``")),
    ):
        text = inspect.getdoc(cls) or ""
        assert [word for word in words if word not in text] == []
        assert "mixed into" not in text
