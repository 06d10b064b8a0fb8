"""``fastthrift json``: the real command, beside Apache's compiler."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHARED = "enum Color { RED = 1 }\n"
ORDERS = """\
include "shared.thrift"
/** An order, with an \N{SNOWMAN}. */
struct Order { 1: required i64 id, 2: optional shared.Color color = shared.Color.RED }
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "shared.thrift").write_text(SHARED)
    (tmp_path / "orders.thrift").write_text(ORDERS)
    return tmp_path


def run(directory: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "fastthrift", "json", *arguments],
        cwd=directory,
        capture_output=True,
        timeout=600,
        check=False,
        **options,
    )


def test_a_file_is_as_apaches_compiler_shows_it(files: Path) -> None:
    # Where the two differ on purpose is in the tests of loading.
    (files / "plain.thrift").write_text(
        "struct Plain { 1: required i64 id, 2: list<string> names }\n"
    )
    done = run(files, "plain.thrift")
    assert (done.returncode, done.stderr) == (0, b"")
    (files / "apache").mkdir()
    subprocess.run(
        ["thrift", "--gen", "json", "-out", "apache", "plain.thrift"], cwd=files, check=True
    )
    assert json.loads(done.stdout) == json.loads((files / "apache" / "plain.json").read_text())


def test_annotations_are_where_apaches_compiler_has_them(files: Path) -> None:
    (files / "noted.thrift").write_text(
        'typedef list<i32> (of = "typedef") Numbers (of = "name")\n'
        'struct Person { 1: string name } (table = "people", audited)\n'
        "typedef Person Human\n"
        "struct All {\n"
        '  1: Numbers plain, 2: list<Numbers> (of = "outer") many (of = "field"),\n'
        '  3: map<i32, set<Person> (of = "inner")> (of = "map") people, 4: Human human,\n'
        '  5: i32 (min = "0") age, 6: list<string (of = "text")> texts,\n'
        "}\n"
        'exception Missing {} (code = "4")\n'
        'const list<i32> (of = "const") PRIMES = [2, 3]\n'
        "service People { Person find() throws (1: Missing missing), Numbers all() }\n"
    )
    done = run(files, "noted.thrift")
    subprocess.run(["thrift", "--gen", "json", "-out", ".", "noted.thrift"], cwd=files, check=True)
    theirs = (files / "noted.json").read_text()
    assert json.loads(done.stdout) == json.loads(theirs)
    assert theirs.count('"of"') == 10


def test_an_enum_that_a_field_names_has_its_annotations(files: Path) -> None:
    # Apache's compiler has them since it writes enums as such, which the installed one may not.
    (files / "kinds.thrift").write_text(
        'enum Kind { BOOK = 1 } (stored = "yes")\nstruct Order { 1: Kind kind }\n'
    )
    document = json.loads(run(files, "kinds.thrift").stdout)
    assert document["structs"][0]["fields"][0]["type"] == {
        "typeId": "enum",
        "annotations": {"stored": "yes"},
        "class": "Kind",
    }


def test_comments_are_where_apaches_compiler_has_them(files: Path) -> None:
    (files / "told.thrift").write_text(
        "/** All\n * of them. */\nnamespace py told\n\n"
        "enum Unit { /** SI. */ METRE = 1, FOOT = 2 }\n"
        "/** Of what. */ typedef i64 Id\n/** At most. */ const i32 MOST = 3\n"
        "struct Area { /** Its name. */ 1: string name, 2: Id id }\n"
        "exception Missing { /** Why. */ 1: string why }\n"
        "service Areas {\n  /** One\n   * of them. */\n"
        "  Area find(/** Whose. */ 1: Id id) throws (/** None has it. */ 1: Missing missing)\n}\n"
    )
    done = run(files, "told.thrift")
    subprocess.run(["thrift", "--gen", "json", "-out", ".", "told.thrift"], cwd=files, check=True)
    # Apache's end with a line break.
    theirs = (files / "told.json").read_text().replace('\\n"', '"')
    assert json.loads(done.stdout) == json.loads(theirs)
    assert theirs.count('"doc"') == 9


def test_all_files_those_that_are_included_first(files: Path) -> None:
    done = run(files, "--all", "-o", "all.json", "orders.thrift")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    names = [document["name"] for document in json.loads((files / "all.json").read_text())]
    assert names == ["shared", "orders"]


def test_standard_input_and_include_directories(files: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = run(elsewhere, "-", "-I", "..", input=ORDERS.encode())
    assert done.returncode == 0
    assert "\N{SNOWMAN}" in done.stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["bad.thrift"], "bad.thrift:1:15"),
        (["missing.thrift"], "error: cannot read missing.thrift: No such file or directory"),
        (["orders.thrift", "-o", "no/where.json"], "error: cannot write no/where.json: No such"),
    ],
)
def test_what_cannot_be_done_is_told(files: Path, arguments: list[str], text: str) -> None:
    (files / "bad.thrift").write_text("struct A { 1: Nothing x }\n")
    done = run(files, *arguments)
    assert (done.returncode, done.stdout) == (1, b"")
    assert text in done.stderr.decode()
