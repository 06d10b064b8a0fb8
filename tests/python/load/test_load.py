"""``load``: the modules and classes it makes, compared with those of thriftpy2, and mistakes."""

from __future__ import annotations

import copy
import functools
import http.server
import importlib
import importlib.abc
import inspect
import io
import itertools
import os
import pickle
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any

import fastthrift
import fastthrift.parser.parser
import pytest
import thriftpy2
from fastthrift.parser.exc import (
    ThriftGrammarError,
    ThriftLexerError,
    ThriftParserError,
)

IDL = Path(__file__).parents[1] / "idl"
_serial = itertools.count()


pytestmark = pytest.mark.usefixtures("clean_modules")


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Writes an IDL file, by default under a new name."""

    def write(text: str, name: str | None = None) -> str:
        path = tmp_path / (name or f"file_{next(_serial)}.thrift")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize(
    "arguments",
    [
        {"path": "everything.thrift"},
        {"path": "everything.thrift", "module_name": "everything_thrift"},
        {"path": "everything.thrift", "module_name": "a.package.everything_thrift"},
        {"path": str(IDL / "everything.thrift")},
        {"path": "shared/base.thrift", "include_dirs": ["shared", "."]},
        {"path": "other/base_types.thrift", "include_dir": "shared"},
    ],
    ids=str,
)
def test_a_module_is_what_thriftpy2_makes_of_the_file(arguments: dict[str, Any]) -> None:
    """In processes of their own: what is cached under a name is the first that was loaded."""
    program = f"""
import json, os, sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
os.chdir({str(IDL)!r})
from support.described import described
library = __import__(sys.argv[1])
module = library.load(**{arguments!r})
print(json.dumps(described(module)))
print(sorted(name for name in sys.modules if name.endswith("_thrift")))
"""
    ours, theirs = (
        subprocess.run(
            [sys.executable, "-c", program, library],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for library in ("fastthrift", "thriftpy2")
    )
    assert ours == theirs


def test_objects_look_as_those_of_thriftpy2() -> None:
    ours, theirs = (
        library.load(str(IDL / "everything.thrift")) for library in (fastthrift, thriftpy2)
    )
    for name in ("Empty", "Leaf", "Tree", "Choice", "Refused"):
        mine, other = getattr(ours, name), getattr(theirs, name)
        assert repr(mine()) == repr(other())
        assert mine.__base__.__name__ == other.__base__.__name__
        assert [b.__name__ for b in mine.__bases__] == [b.__name__ for b in other.__bases__]
        signatures = (inspect.signature(mine), inspect.signature(other))
        # thriftpy2 names the classes of defaults by where they are.
        assert str(signatures[0]).replace("everything", "") == str(signatures[1]).replace(
            "everything", ""
        )


@pytest.mark.difference("idl-constants")
def test_struct_constants_inside_of_containers_are_structs(write: Any) -> None:
    module = fastthrift.load(
        write("struct P { 1: i32 x }\nconst map<string, list<P>> A = {'a': [{'x': 1}]}")
    )
    assert {"a": [module.P(1)]} == module.A


@pytest.mark.difference("forward-constants")
def test_a_constant_before_its_type_is_listed_with_its_value(write: Any) -> None:
    path = write("const Numbers A = [1, 2]\ntypedef list<i32> Numbers")
    ours, theirs = (library.load(path) for library in (fastthrift, thriftpy2))
    assert [ours.A] == [theirs.A] == ours.__thrift_meta__["consts"]
    assert theirs.__thrift_meta__["consts"] != [theirs.A]


@pytest.mark.difference("one-class-per-type")
def test_one_class_for_a_type_under_all_names(write: Any) -> None:
    path = write("exception Gone {}\nservice S { void f() throws (1: Gone gone) }")
    first = fastthrift.load(path)
    second = fastthrift.load(path, module_name="gone_thrift")
    third = fastthrift.load(write(f'include "{os.path.basename(path)}"'))
    included = getattr(third, os.path.basename(path)[: -len(".thrift")])
    assert first.Gone is second.Gone is included.Gone
    with pytest.raises(second.Gone):
        raise first.Gone


def test_a_class_can_be_pickled_when_its_file_was_loaded_without_a_name_first(write: Any) -> None:
    path = write("struct Point { 1: i32 x }\nservice S { void f(1: i32 a) }")
    fastthrift.load(path)
    module = fastthrift.load(path, module_name="pickled_thrift")
    assert pickle.loads(pickle.dumps(module.Point(3))) == module.Point(3)
    assert module.S.f_args.__module__ == "pickled_thrift"


def test_a_file_that_changed_is_not_taken_for_the_old_one(write: Any) -> None:
    path = write("struct A { 1: i32 x }", "changing.thrift")
    old = fastthrift.load(path)
    write("struct A { 1: i32 x, 2: i32 y }", "changing.thrift")
    assert fastthrift.load(path) is old
    new = fastthrift.load(path, module_name="changing_thrift")
    assert list(vars(new.A())) == ["x", "y"]
    assert list(vars(old.A())) == ["x"]


@pytest.mark.difference("one-class-per-type")
def test_two_includes_with_the_same_file_name(write: Any) -> None:
    write("struct A { 1: i32 x }", "one/same.thrift")
    write("struct B { 1: i32 y }", "two/same.thrift")
    path = write(
        'include "one/same.thrift"\ninclude "two/same.thrift"\nstruct C { 1: same.B b }',
        "both.thrift",
    )
    module = fastthrift.load(path, module_name="both_thrift")
    assert [m.__thrift_file__[-16:] for m in module.__thrift_meta__["includes"]] == [
        "/one/same.thrift",
        "/two/same.thrift",
    ]
    assert module.C.thrift_spec[1][2].__name__ == "B"


def test_load_caches_by_name_and_by_path(write: Any) -> None:
    path = write("struct A {}")
    assert fastthrift.load(path) is fastthrift.load(path)
    named = fastthrift.load(path, module_name="cached_thrift")
    assert named is not fastthrift.load(path)
    assert fastthrift.load(write("struct B {}"), module_name="cached_thrift") is named
    fresh = fastthrift.parser.parse(path, enable_cache=False)
    assert fresh.A is not named.A


def test_load_fp(write: Any) -> None:
    module = fastthrift.load_fp(io.StringIO("struct A { 1: i32 x = 3 }"), "from_text_thrift")
    assert module.A().x == 3
    assert sys.modules["from_text_thrift"] is module
    assert module.__thrift_file__ is None
    with pytest.raises(ThriftParserError, match="suffix"):
        fastthrift.load_fp(io.StringIO(""), "wrong")


def test_an_include_in_a_text_is_refused_with_what_to_do() -> None:
    with pytest.raises(ThriftParserError, match="Unexpected include statement") as caught:
        fastthrift.load_fp(io.StringIO('include "a.thrift"'), "other_thrift")
    # CPython 3.10 has no notes.
    shown = "\n".join(getattr(caught.value, "__notes__", [str(caught.value)]))
    assert "help: give `resolver=` where it is loaded, or load() it by its path" in shown


def test_the_classes_of_the_import_hook_are_those_of_importlib() -> None:
    for package in (fastthrift, thriftpy2):
        hook = importlib.import_module(f"{package.__name__}.hook")
        assert issubclass(hook.ThriftImporter, importlib.abc.MetaPathFinder)
        assert issubclass(hook.ThriftLoader, importlib.abc.Loader)
        assert isinstance(hook._imp, hook.ThriftImporter)
        assert hook.ThriftImporter.__module__ == hook.__name__
        with pytest.raises(AttributeError, match="ThriftExporter"):
            _ = hook.ThriftExporter


def test_import_hook(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("struct A {}", "hooked.thrift")
    write("struct B {}", "a_package/inner.thrift")
    write("", "a_package/__init__.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    fastthrift.install_import_hook()
    try:
        hooked = importlib.import_module("hooked_thrift")
        assert hooked.A
        assert isinstance(sys.meta_path[-1], importlib.abc.MetaPathFinder)
        assert isinstance(hooked.__spec__.loader, importlib.abc.Loader)
        importlib.invalidate_caches()
        assert importlib.import_module("a_package.inner_thrift").B
        with pytest.raises(FileNotFoundError):
            importlib.import_module("missing_thrift")
    finally:
        fastthrift.remove_import_hook()
    with pytest.raises(ImportError):
        importlib.import_module("never_thrift")


def test_a_function_open_put_into_the_parser_reads_the_files(
    write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("")
    contents = {path: "struct FromMemory {}"}

    def own_open(name: str, **_: Any) -> Any:
        return io.StringIO(contents[name])

    monkeypatch.setattr(fastthrift.parser.parser, "open", own_open, raising=False)
    assert fastthrift.load(path).FromMemory


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "latin.thrift"
    path.write_bytes('const string NAME = "Zoé"'.encode("latin-1"))
    assert fastthrift.load(path, encoding="latin-1").NAME == "Zoé"


def test_urls(write: Any) -> None:
    path = write("struct FromUrl {}", "url.thrift")
    assert fastthrift.load(f"file://{path}").FromUrl
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=os.path.dirname(path)
    )
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/url.thrift"
            assert fastthrift.load(url).FromUrl
        finally:
            server.shutdown()
    with pytest.raises(ThriftParserError, match="protocol 'ftp'"):
        fastthrift.load("ftp://127.0.0.1/url.thrift")


def test_missing_files(write: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        fastthrift.load(tmp_path / "missing.thrift")
    assert caught.value.filename == str(tmp_path / "missing.thrift")
    with pytest.raises(ThriftParserError, match=r"Couldn't include thrift missing\.thrift"):
        fastthrift.load(write('include "missing.thrift"'))
    with pytest.raises(ThriftParserError, match=r"should end with \.thrift"):
        fastthrift.load(tmp_path / "missing.idl")


@pytest.mark.parametrize(
    ("text", "error", "place", "code"),
    [
        ("struct A {\n  1: i32 a\n  2: Nope b\n}", ThriftParserError, (3, 6), "unknown-type"),
        ("struct A {\n  1: i32\n}", ThriftGrammarError, (3, 1), "syntax"),
        ("const i32 A = 'a'", ThriftParserError, (1, 15), "type-mismatch"),
        ("const list<i32> A = [1, 'a']", ThriftParserError, (1, 25), "type-mismatch"),
        ("struct A {}\n\nstruct A {}", ThriftGrammarError, (3, 8), "duplicate-definition"),
        ("struct A { 1: i32 a, 1: i32 b }", ThriftGrammarError, (1, 22), "duplicate-field"),
        ("const string A = 'a", ThriftLexerError, (1, 18), "unterminated-literal"),
        ("service S extends Nope {}", ThriftParserError, (1, 19), "unknown-service"),
    ],
)
def test_mistakes_tell_their_place(
    write: Any, text: str, error: type, place: tuple[int, int], code: str
) -> None:
    path = write(text)
    with pytest.raises(error) as caught:
        fastthrift.load(path)
    assert type(caught.value) is error
    assert (caught.value.path, caught.value.line, caught.value.column) == (path, *place)
    first = caught.value.diagnostics[0]
    assert (first.code, first.severity) == (code, "error")
    shown = "\n".join(getattr(caught.value, "__notes__", [str(caught.value)]))
    assert f"{path}:{place[0]}:{place[1]}" in shown


@pytest.mark.difference("idl-mistakes")
def test_several_mistakes_are_told_at_once(write: Any) -> None:
    with pytest.raises(ThriftParserError) as caught:
        fastthrift.load(write("struct A { 1: Nope a }\nstruct B { 1: Neither b }"))
    messages = [diagnostic.message for diagnostic in caught.value.diagnostics]
    assert ["Nope" in messages[0], "Neither" in messages[1]] == [True, True]


def test_threads_load_the_same_file_once(write: Any) -> None:
    path = write("struct A { 1: i32 x }\n" * 1 + "struct B { 1: A a }")
    modules: list[types.ModuleType] = []
    threads = [
        threading.Thread(target=lambda: modules.append(fastthrift.load(path))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(module) for module in modules}) == 1


def test_a_text_that_is_not_utf8_is_an_error_of_the_lexer_and_of_unicode(tmp_path: Path) -> None:
    path = tmp_path / "latin.thrift"
    path.write_bytes(b'const string A = "caf\xe9"\n')
    with pytest.raises(UnicodeDecodeError) as theirs:
        thriftpy2.load(str(path), "latin_thrift")
    with pytest.raises(UnicodeDecodeError) as caught:
        fastthrift.load(str(path), "latin_thrift")
    error = caught.value
    assert isinstance(error, ThriftLexerError)
    assert error.args == theirs.value.args
    assert str(error).startswith("this text is not UTF-8")
    assert (error.path, error.line) == (str(path), 1)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert (str(again), again.args) == (str(error), error.args)
        assert (again.path, again.line) == (error.path, error.line)
    # Where no file has it there is no more to tell.
    with pytest.raises(UnicodeDecodeError, match="this text is not UTF-8"):
        fastthrift.load_fp(io.BytesIO(path.read_bytes()), "latin_thrift")  # type: ignore[arg-type]


@pytest.mark.difference("fields-on-the-class")
def test_a_class_has_its_fields_as_descriptors() -> None:
    made = fastthrift.load_fp(io.StringIO("struct S { 1: i32 a }"), "fields_on_class_thrift").S
    assert inspect.ismemberdescriptor(made.a)
    assert made().a is None


@pytest.mark.difference("subclasses-of-payloads")
def test_loaded_classes_are_not_listed_by_their_base() -> None:
    base = fastthrift.thrift.TPayload
    made = fastthrift.load_fp(io.StringIO("struct S { 1: i32 a }"), "listed_thrift").S
    assert issubclass(made, base)
    assert made not in base.__subclasses__()
    by_hand = type("ByHand", (base,), {"thrift_spec": {}, "default_spec": []})
    assert by_hand in base.__subclasses__()
