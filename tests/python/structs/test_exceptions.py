"""Exceptions can be pickled and copied, with all that they tell."""

from __future__ import annotations

import copy
import errno
import io
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.http import ResponseException, THttpConnectionRefused, THttpException
from fastthrift.parser import Diagnostic, ThriftParserError
from fastthrift.protocol import exc
from fastthrift.thrift import TApplicationException, TDecodeException, TException, TType
from fastthrift.transport import TTransportException
from fastthrift.transport import base as transports

IDL = Path(__file__).parents[1] / "idl"


class OwnException(TTransportException):
    """Of a program: its arguments are not those of its base."""

    def __init__(self, host: str, *, port: int) -> None:
        super().__init__(TTransportException.NOT_OPEN, f"nothing at {host}")
        self.host = host
        self.port = port


class OwnTimeout(transports.TTransportTimeout):
    def __init__(self, seconds: float) -> None:
        super().__init__(message=f"{seconds} s")
        self.seconds = seconds


class OwnRejection(TApplicationException):
    def __init__(self, reasons: list[str]) -> None:
        super().__init__(TApplicationException.INTERNAL_ERROR, ", ".join(reasons))
        self.reasons = reasons


def undecodable() -> UnicodeDecodeError:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"ab\xff".decode()
    return caught.value


def raised(cls: type, *args: Any, **kwargs: Any) -> Callable[[], Any]:
    return lambda: cls(*args, **kwargs)


def with_errno(cls: type) -> Callable[[], Any]:
    def make() -> Any:
        error = cls(TTransportException.NOT_OPEN, "refused")
        error.errno, error.strerror, error.filename = errno.ECONNREFUSED, "refused", "a.sock"
        return error

    return make


def of_aio_http(name: str) -> Callable[[], Any]:
    def make() -> Any:
        from fastthrift.contrib.aio import http

        return getattr(http, name)(TTransportException.NOT_OPEN, "gone")

    return make


def tls_error() -> Any:
    from fastthrift.transport.sslsocket import TSSLException

    error = TSSLException(TTransportException.UNKNOWN, "a refused certificate")
    error.reason = "CERTIFICATE_VERIFY_FAILED"
    return error


def of_idl() -> Any:
    module = fastthrift.load(str(IDL / "everything.thrift"), "everything_of_exceptions_thrift")
    return module.Refused()


EXCEPTIONS = {
    "TException": raised(TException, "a", 2),
    "TApplicationException": raised(TApplicationException, 6, "failed"),
    "TDecodeException": raised(TDecodeException, "S", 1, "field", "text", TType.I32),
    "TEncodeException": raised(
        exc.TEncodeException, "S", 1, "f", {"a": 1}, TType.LIST, TType.I32, "a.f[3]", "too long"
    ),
    "TInvalidStructException": raised(
        exc.TInvalidStructException, "S", [("a.f[3]", "is required, and not set")]
    ),
    "TProtocolException": raised(exc.TProtocolException, 3, "too large"),
    "TMalformedDataException": raised(exc.TMalformedDataException, 1, "no message"),
    "TMistypedDataException": raised(exc.TMistypedDataException, 1, "expected a number"),
    "TInvalidTextException": lambda: exc.TInvalidTextException(undecodable(), " (at byte 17)"),
    "TDepthLimitException": raised(exc.TDepthLimitException, 0, "too deep"),
    "TTruncatedDataException": raised(exc.TTruncatedDataException, message="the end"),
    "ProtocolError": raised(exc.ProtocolError, "wrong"),
    "TTransportException": raised(TTransportException, 1, "closed"),
    "TTransportTimeout": raised(transports.TTransportTimeout),
    "TTransportTimeout with errno": with_errno(transports.TTransportTimeout),
    "TTransportConnectionReset": raised(transports.TTransportConnectionReset),
    "TTransportBrokenPipe": raised(transports.TTransportBrokenPipe),
    "TSSLException": tls_error,
    "THttpException": with_errno(THttpException),
    "THttpConnectionRefused": raised(THttpConnectionRefused, 1, "refused"),
    "THttpClientError": of_aio_http("THttpClientError"),
    "THttpClientRefused": of_aio_http("THttpClientRefused"),
    "THttpClientReset": of_aio_http("THttpClientReset"),
    "ResponseException": raised(ResponseException, print),
    "declared in IDL": of_idl,
    "of a program": raised(OwnException, "db", port=9090),
    "of a program, with a built-in base": raised(OwnTimeout, 1.5),
    "of a program, an answer": raised(OwnRejection, ["late", "wrong"]),
}

WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),
    "pickle, oldest protocol": lambda error: pickle.loads(pickle.dumps(error, 0)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def told(error: Any) -> dict[str, Any]:
    """All that an exception tells."""
    built_in = {
        name: getattr(error, name, None)
        for name in ("errno", "strerror", "filename", "filename2", "object", "start", "end")
    }
    return {"": (type(error), error.args, str(error)), **built_in, **vars(error)}


@pytest.mark.difference("pickled-exceptions")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_exceptions_keep_all_that_they_tell(kind: str, way: str) -> None:
    error = EXCEPTIONS[kind]()
    error.details = ["of the program"]
    if sys.version_info >= (3, 11):
        error.add_note("seen while saving")
    assert told(WAYS[way](error)) == told(error)


def test_exception_classes_that_are_not_listed_do_too() -> None:
    """Those of modules that are imported: what they are made of is a type and a text."""
    listed = {type(make()) for make in EXCEPTIONS.values()}
    open_classes = [TException]
    while open_classes:
        cls = open_classes.pop()
        open_classes += cls.__subclasses__()
        if cls.__module__.startswith("fastthrift.") and cls not in listed:
            error = cls(0, "text")
            for way in WAYS.values():
                assert told(way(error)) == told(error)


def test_a_pickle_of_an_exception_of_aio_http_names_a_class_that_a_new_process_finds(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pickled"
    path.write_bytes(pickle.dumps(of_aio_http("THttpClientRefused")()))
    program = f"import pickle; print(pickle.load(open({str(path)!r}, 'rb')).message)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "gone\n"


def test_exceptions_declared_in_idl_are_pickled_as_thriftpy2_reads_them() -> None:
    """By class, ``args`` and attributes alone: nothing in the pickle is of this package."""
    assert b"fastthrift" not in pickle.dumps(of_idl())


# Those of the parser.

BROKEN = {
    "main.thrift": 'include "inner.thrift"\n'
    "struct A {\n  1: Nope a\n  2: inner.B b\n  2: i32 c\n}\n"
    + "\n" * 300
    + "struct A {}\nenum E { A = 1, B = 1 }\nconst i32 N = 'ü'\n",
    "inner.thrift": "\n\nstruct B { 1: Neither b, 1: i32 d }\nstruct B {}",
    "words.thrift": "struct é { 1: i32 class }",
    "literal.thrift": "const string A = 'a\n",
    "empty.thrift": "struct A {",
    "long.thrift": "struct A { " + " ".join(f"{n}: Type{n} f{n}" for n in range(1, 300)) + " }",
    "circle.thrift": 'include "circle.thrift"',
}


def broken() -> Iterator[ThriftParserError]:
    for name in BROKEN:
        with pytest.raises(ThriftParserError) as caught:
            fastthrift.load(name, resolver=BROKEN)
        yield caught.value


@pytest.mark.parametrize("way", WAYS)
def test_exceptions_of_the_parser_keep_all_that_they_tell(way: str) -> None:
    for error in broken():
        again: Any = WAYS[way](error)
        assert type(again) is type(error)
        assert (again.args, str(again)) == (error.args, str(error))
        assert (again.path, again.line, again.column) == (error.path, error.line, error.column)
        assert again.files == error.files
        assert getattr(again, "__notes__", None) == getattr(error, "__notes__", None)
        assert len(again.diagnostics) == len(error.diagnostics) > 0
        for mine, other in zip(again.diagnostics, error.diagnostics, strict=True):
            assert described(mine) == described(other)


def described(diagnostic: Diagnostic) -> dict[str, Any]:
    names = [name for name in dir(diagnostic) if not name.startswith("_") and name != "render"]
    assert {"code", "rendered", "related", "source", "hint"} <= set(names)
    shown = {name: getattr(diagnostic, name) for name in names}
    return {**shown, "text": str(diagnostic), "colors": diagnostic.render(color=True)}


def test_a_pickled_diagnostic_does_not_carry_the_whole_file() -> None:
    text = "struct A { 1: Nope a }\n" + "// a long file\n" * 10_000
    with pytest.raises(ThriftParserError) as caught:
        fastthrift.load("large.thrift", resolver={"large.thrift": text})
    assert len(pickle.dumps(caught.value)) < 2_000


def test_a_state_that_is_none_of_a_diagnostic() -> None:
    (error, *_) = broken()
    _, (state,) = error.diagnostics[0].__reduce__()
    for position, wrong in ((0, "no-such-code"), (6, []), (7, (0, 5, 4)), (7, (9, 0, 0))):
        changed = (*state[:position], wrong, *state[position + 1 :])
        with pytest.raises(ValueError, match="no state of a Diagnostic"):
            Diagnostic(changed)
    with pytest.raises(TypeError):
        Diagnostic("text")


def test_the_files_that_were_read_are_named() -> None:
    (error, *_) = broken()
    assert error.files == ("inner.thrift", "main.thrift")


def load_in_child(path: str) -> Any:
    return fastthrift.load(path).__name__


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_process_pool_shows_the_mistake(tmp_path: Path, method: str) -> None:
    path = tmp_path / "mistaken.thrift"
    path.write_text("struct A { 1: Nope a }")
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        with pytest.raises(ThriftParserError, match="Nope") as caught:
            pool.submit(load_in_child, str(path)).result()
        assert caught.value.line == 1
        assert caught.value.diagnostics[0].code == "unknown-type"
        assert "1 | struct A { 1: Nope a }" in caught.value.diagnostics[0].rendered
        path.write_text("struct A {}")
        assert pool.submit(load_in_child, str(path)).result() == "mistaken"


@pytest.mark.parametrize("reserved", ["suffix", "allow"])
def test_a_field_that_python_has_in_every_exception_has_an_underscore(reserved: str) -> None:
    text = (
        "exception Bad { 1: string message, 2: i32 args, 3: i32 args_ }\n"
        "const Bad USUAL = {'message': 'no', 'args': 4}\n"
        "struct Call { 1: i32 args }\nservice S { void f(1: i32 args) throws (1: Bad bad) }"
    )
    name = f"args_{reserved}_thrift"
    module = fastthrift.load_fp(io.StringIO(text), name, reserved=reserved)
    bad = module.Bad("no", args__=3, args_=5)
    assert (bad.args__, bad.args_, str(bad)) == (3, 5, str(module.Bad("no", 3, 5)))
    assert module.USUAL.args__ == 4
    for found in (
        fastthrift.decode(module.Bad, fastthrift.encode(bad)),
        fastthrift.from_dict(module.Bad, {"message": "no", "args": 3, "args_": 5}),
        pickle.loads(pickle.dumps(bad)),
        copy.deepcopy(bad),
    ):
        assert vars(found) == vars(bad)
    assert fastthrift.to_dict(bad) == {"message": "no", "args": 3, "args_": 5}
    # Nothing else is called otherwise.
    assert (module.Call(args=1).args, module.S.f_args(args=1).args) == (1, 1)
