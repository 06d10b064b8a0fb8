"""The packages whose tests run, and what each needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A server, run by thriftpy2 in a process of its own: `script IDL HOST PORT`."""

    script: str
    # Below the package's source.
    idl: str
    # The environment variable that tells the tests its address.
    variable: str
    # Where they look for it there.
    port: int


@dataclass(frozen=True)
class Suite:
    """Tests that a package brings in its source archive."""

    name: str
    # The release, of which PyPI has the source.
    release: str
    # How many tests pass under thriftpy2, at least: fewer would show little.
    passing: int
    # What pytest gets, below the directory in which it runs.
    tests: tuple[str, ...]
    # The directory in which it runs, below the source's, taken out of it: what is tested is
    # the installed package, not the source beside the tests.
    directory: str = ""
    requirements: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    # The newest Python that builds its archive.
    newest: tuple[int, int] = (3, 99)
    # What is added to the conftest.py of that directory.
    conftest: str = ""
    peer: Peer | None = None


@dataclass(frozen=True)
class Program:
    """A program of ours for a package that is published without tests."""

    name: str
    release: str
    # How many results it has under thriftpy2, at least.
    passing: int
    # In `programs/`; it prints a JSON object: what was tried -> what came of it.
    script: str
    # All of them: the package's own leave thriftpy2 0.7 out.
    requirements: tuple[str, ...] = ()
    # Other releases whose source it reads, below the directory it is given.
    sources: tuple[str, ...] = ()


HAPPYBASE = "happybase==1.3.0"
AIOHAPPYBASE = "aiohappybase==1.4.0"
# The newest that uses thriftpy2; later releases use Apache's library.
IMPYLA = "impyla==0.16.3"
# The newest that uses thriftpy2; from 1.2.6 on it writes no Thrift.
PY_ZIPKIN = "py_zipkin==1.2.5"
THRIFTPY2 = "thriftpy2==0.7.1"

SUITES: tuple[Suite | Program, ...] = (
    Suite(
        "thriftpy2",
        THRIFTPY2,
        passing=440,
        tests=(".",),
        directory="tests",
        requirements=("pytest-asyncio==0.21.2", "pytest-reraise", "aiohttp<4"),
    ),
    Suite(
        "happybase",
        HAPPYBASE,
        passing=25,
        tests=("tests",),
        requirements=("six", "importlib-resources"),
        # Its tests have no import of nose's assertion any more.
        conftest="import builtins, unittest\n"
        "builtins.assert_raises = unittest.TestCase().assertRaises\n",
        peer=Peer("hbase.py", "happybase/Hbase.thrift", "HAPPYBASE_HOST", 9090),
    ),
    Suite(
        "aiohappybase",
        AIOHAPPYBASE,
        passing=80,
        tests=("tests",),
        # Later versions put names into modules that aiohappybase cannot copy.
        requirements=("pytest-asyncio==0.21.2",),
        options=("--asyncio-mode=auto",),
        newest=(3, 11),
        peer=Peer("hbase.py", "aiohappybase/Hbase.thrift", "AIOHAPPYBASE_HOST", 9090),
    ),
    Suite(
        "impyla",
        IMPYLA,
        passing=45,
        tests=("impala/tests",),
        requirements=("six", "bitarray", "sqlalchemy<2"),
        # Those that need a server; what fails asks for SASL, for another server at a fixed port of
        # localhost, or for Python 2's xrange.
        options=("--connect",),
        newest=(3, 11),
        peer=Peer(
            "hiveserver2.py",
            "impala/thrift/ImpalaService.thrift",
            "IMPYLA_TEST_HOST",
            21050,
        ),
    ),
    Program(
        "py_zipkin",
        PY_ZIPKIN,
        passing=22,
        script="zipkin_spans.py",
        requirements=("typing-extensions",),
    ),
    Program(
        "gunicorn_thrift",
        "gunicorn_thrift==0.2.25",
        passing=32,
        script="gunicorn_calls.py",
        # gunicorn 20 has no `six`, which it imports; the gevent that it asks for cannot be built.
        requirements=("gunicorn<20", "gevent"),
    ),
    Program(
        "thrift-pyi",
        "thrift-pyi==2.6.0",
        passing=80,
        script="stubs.py",
        sources=(HAPPYBASE, PY_ZIPKIN, IMPYLA, THRIFTPY2),
    ),
    Program(
        "types",
        "mypy==2.4.1",
        passing=80,
        script="types_of_files.py",
        requirements=("mypy==2.4.1", "typing-extensions"),
        sources=(HAPPYBASE, PY_ZIPKIN, IMPYLA, THRIFTPY2),
    ),
)
