"""Where ``load`` reads from: texts in memory, resolvers, packages, zip archives."""

from __future__ import annotations

import importlib
import importlib.resources
import io
import itertools
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.parser import ThriftParserError

_serial = itertools.count()

TEXTS = {
    "api/root.thrift": 'include "types.thrift"\ninclude "../shared/base.thrift"\n'
    "struct Root { 1: types.Thing thing, 2: base.Base base }",
    "api/types.thrift": 'include "../shared/base.thrift"\nstruct Thing { 1: base.Base base }',
    "shared/base.thrift": "struct Base { 1: i32 x = 7 }",
}


pytestmark = pytest.mark.usefixtures("clean_modules")


@pytest.fixture
def name() -> str:
    return f"source_{next(_serial)}_thrift"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A zip archive with the texts in a package, under a name of its own."""
    path = tmp_path / f"archive_{next(_serial)}.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("zipped/__init__.py", "")
        file.writestr("zipped/api/__init__.py", "")
        for place, text in TEXTS.items():
            file.writestr(f"zipped/{place}", text)
        file.writestr("top.thrift", "struct Top {}")
    return path


def check(module: Any) -> None:
    """All files of the tree are there, each once."""
    base = module.types.base.Base
    assert module.base.Base is base
    assert module.Root(base=base()).base.x == 7
    assert module.Root.thrift_spec[1][2] is module.types.Thing


# Texts in memory.


@pytest.mark.parametrize("kind", [str, str.encode, lambda text: memoryview(text.encode())])
def test_a_mapping(kind: Any) -> None:
    texts = {path: kind(text) for path, text in TEXTS.items()}
    module = fastthrift.load("api/root.thrift", resolver=texts)
    check(module)
    assert module.__name__ == "root"
    assert module.__thrift_file__ == "api/root.thrift"
    assert [included.__thrift_file__ for included in module.__thrift_meta__["includes"]] == [
        "api/types.thrift",
        "shared/base.thrift",
    ]


def test_a_function() -> None:
    asked: list[tuple[str, str | None]] = []

    def resolver(path: str, including: str | None) -> tuple[str, str] | None:
        asked.append((path, including))
        place = {"main.thrift": "api/root.thrift"}.get(path, path.replace("../", ""))
        place = place if place in TEXTS else f"api/{place}"
        return f"memory:/{place}", TEXTS[place]

    module = fastthrift.load("main.thrift", resolver=resolver)
    check(module)
    assert asked[:2] == [("main.thrift", None), ("types.thrift", "memory:/api/root.thrift")]
    assert module.types.__thrift_file__ == "memory:/api/types.thrift"


def test_what_a_resolver_does_not_know_is_looked_for_in_the_file_system(tmp_path: Path) -> None:
    (tmp_path / "disk.thrift").write_text('include "memory.thrift"\nstruct D { 1: memory.M m }')
    (tmp_path / "plain.thrift").write_text("struct P {}")
    texts = {"memory.thrift": f'include "{tmp_path}/plain.thrift"\nstruct M {{ 1: plain.P p }}'}
    module = fastthrift.load(tmp_path / "disk.thrift", resolver=texts)
    assert module.D(module.memory.M()).m.p is None
    with pytest.raises(FileNotFoundError):
        fastthrift.load("nowhere.thrift", resolver=lambda path, including: None)


def test_load_fp_with_a_resolver(name: str) -> None:
    source = io.StringIO('include "shared/base.thrift"\nstruct A { 1: base.Base b }')
    module = fastthrift.load_fp(source, name, resolver=TEXTS)
    assert module.A(module.base.Base()).b.x == 7
    with pytest.raises(ThriftParserError, match="nowhere") as caught:
        fastthrift.load_fp(io.StringIO('include "nowhere.thrift"'), "b_thrift", resolver=TEXTS)
    assert caught.value.diagnostics[0].code == "missing-include"


def test_load_fp_with_a_resolver_reads_no_files(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.thrift").write_text("struct S {}")
    text = f'include "{tmp_path}/secret.thrift"'
    with pytest.raises(ThriftParserError, match="Couldn't include"):
        fastthrift.load_fp(io.StringIO(text), name, resolver={})


def test_mistakes_name_the_text_that_has_them() -> None:
    texts = {"a.thrift": 'include "b.thrift"', "b.thrift": "\n\nstruct B { 1: Nope x }"}
    with pytest.raises(ThriftParserError) as caught:
        fastthrift.load("a.thrift", resolver=texts)
    assert (caught.value.path, caught.value.line, caught.value.column) == ("b.thrift", 3, 15)


def test_what_a_resolver_gives_is_not_cached_without_a_name(name: str) -> None:
    texts = {"changing.thrift": "struct A {}"}
    assert hasattr(fastthrift.load("changing.thrift", resolver=texts), "A")
    texts["changing.thrift"] = "struct B {}"
    assert hasattr(fastthrift.load("changing.thrift", resolver=texts), "B")
    named = fastthrift.load("changing.thrift", name, resolver=texts)
    assert fastthrift.load("changing.thrift", name, resolver=texts) is named is sys.modules[name]
    assert pickle.loads(pickle.dumps(named.B())) == named.B()


def test_texts_in_another_encoding() -> None:
    texts = {"latin.thrift": 'const string NAME = "Zoé"'.encode("latin-1")}
    assert fastthrift.load("latin.thrift", resolver=texts, encoding="latin-1").NAME == "Zoé"


def test_exceptions_of_a_resolver_are_passed_on() -> None:
    def resolver(path: str, including: str | None) -> tuple[str, str]:
        if including is not None:
            raise LookupError(path)
        return path, 'include "gone.thrift"'

    with pytest.raises(LookupError, match=r"gone\.thrift"):
        fastthrift.load("a.thrift", resolver=resolver)


@pytest.mark.parametrize("resolver", [3, lambda path, including: (path, 3), lambda *_: 3])
def test_what_is_no_resolver(resolver: Any) -> None:
    with pytest.raises(TypeError):
        fastthrift.load("a.thrift", resolver=resolver)


# Paths of other kinds.


@pytest.mark.parametrize("kind", [str, Path, os.fsencode])
def test_paths(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "paths.thrift"
    path.write_text("struct A {}")
    assert fastthrift.load(kind(path)).A


def test_a_resource_of_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    package = tmp_path / "resourceful"
    for place, text in TEXTS.items():
        (package / place).parent.mkdir(parents=True, exist_ok=True)
        (package / place).write_text(text)
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    check(fastthrift.load(importlib.resources.files("resourceful") / "api" / "root.thrift"))


def test_a_resource_in_a_zip_archive(
    archive: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.syspath_prepend(str(archive))
    resource = importlib.resources.files("zipped") / "api" / "root.thrift"
    module = fastthrift.load(resource, name)
    check(module)
    assert module.__thrift_file__ == os.path.join(str(archive), "zipped/api/root.thrift")
    assert fastthrift.load(resource, name) is module
    assert pickle.loads(pickle.dumps(module.Root())) == module.Root()


def test_include_directories_in_a_zip_archive(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.thrift").write_text('include "base.thrift"\nstruct O { 1: base.Base b }')
    inside = zipfile.Path(archive, "zipped/shared/")
    root = zipfile.Path(archive, "zipped/api/types.thrift")
    assert fastthrift.load(root, include_dirs=[inside]).Thing
    with pytest.raises(ThriftParserError, match=r"base\.thrift"):
        fastthrift.load(tmp_path / "outside.thrift")


def test_a_path_that_leads_into_a_zip_archive(archive: Path) -> None:
    check(fastthrift.load(archive / "zipped" / "api" / "root.thrift"))
    with pytest.raises(NotADirectoryError):
        fastthrift.load(archive / "zipped" / "missing.thrift")


def test_the_import_hook_finds_files_in_zip_archives(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(archive))
    fastthrift.install_import_hook()
    try:
        check(importlib.import_module("zipped.api.root_thrift"))
        assert importlib.import_module("top_thrift").Top
    finally:
        fastthrift.remove_import_hook()


def test_the_import_hook_finds_files_of_sys_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "on_path.thrift").write_text("struct A {}")
    (tmp_path / "spread").mkdir()
    (tmp_path / "spread" / "inner.thrift").write_text("struct B {}")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert fastthrift.load_module("on_path_thrift").A
    assert fastthrift.load_module("spread.inner_thrift").B  # a package without __init__.py


def test_an_application_in_a_zip_archive(tmp_path: Path) -> None:
    """As ``python app.pyz`` runs it, with the package where it is installed."""
    application = tmp_path / "app.pyz"
    with zipfile.ZipFile(application, "w") as file:
        file.writestr("idl/api.thrift", 'include "base.thrift"\nstruct A { 1: base.Base b }')
        file.writestr("idl/base.thrift", "struct Base { 1: i32 x = 5 }")
        file.writestr("idl/__init__.py", "")
        file.writestr(
            "__main__.py",
            textwrap.dedent(
                """
                import fastthrift
                fastthrift.install_import_hook()
                from idl import api_thrift
                print(api_thrift.A(api_thrift.base.Base()))
                """
            ),
        )
    done = subprocess.run(
        [sys.executable, application], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "A(b=Base(x=5))\n"


# Threads.


def test_other_threads_run_while_a_text_is_parsed() -> None:
    """The interval after which a thread has to give the interpreter's lock up is longer than the
    test: only a load that lets it go lets the other thread have more than the turn or two that
    there are around the reading of any file. On a busy machine that may take several tries."""
    text = "".join(f"const i64 NUMBER_{number} = {number}\n" for number in range(30_000))
    done = False
    turns = 0

    def take_turns() -> None:
        nonlocal turns
        while not done:
            turns += 1
            time.sleep(0)  # lets the lock go

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=take_turns)
    thread.start()
    most = 0
    try:
        sys.setswitchinterval(3600)
        for number in range(50):
            time.sleep(0.01)  # from here on the other thread waits for its turn
            before = turns
            fastthrift.load(f"long_{number}.thrift", resolver={f"long_{number}.thrift": text})
            most = max(most, turns - before)
            if most > 10:
                break
    finally:
        done = True
        sys.setswitchinterval(interval)
        thread.join()
    assert most > 10


def test_eight_threads_load_at_once(tmp_path: Path) -> None:
    """Each file is a module once, and each type a class once, also one that all include."""
    (tmp_path / "common.thrift").write_text("struct Common { 1: i32 x }")
    for number in range(8):
        (tmp_path / f"of_thread{number}.thrift").write_text(
            f'include "common.thrift"\nstruct Own{number} {{ 1: common.Common c }}'
        )
    barrier = threading.Barrier(8)
    found: list[list[Any]] = [[] for _ in range(8)]

    def load(number: int) -> None:
        barrier.wait()
        for step in range(8):
            name = f"of_thread{(number + step) % 8}"
            found[number].append(fastthrift.load(tmp_path / f"{name}.thrift"))

    threads = [threading.Thread(target=load, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    modules = {id(module): module for row in found for module in row}
    assert [len(row) for row in found] == [8] * 8
    assert len(modules) == 8
    assert len({id(module.common.Common) for module in modules.values()}) == 1
