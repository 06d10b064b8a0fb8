"""``fastthrift breaking``: the real command, in a process of its own, with real git."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift import _core
from fastthrift.cli import main
from fastthrift.parser.exc import ThriftParserError

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "Cargo.toml").exists())
SHOP = """\
namespace py shop

struct Item {
  1: string name
  2: double price
}

service Shop {
  Item find(1: string name)
}
"""
CHANGED = SHOP.replace("2: double price", "2: string price").replace(
    "find(1: string name)", "find(1: string title)"
)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command in this process, which is quicker."""

    def breaking(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(directory)
        try:
            status = main(["breaking", *arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return breaking


def test_the_command_exits_with_its_status(files: Path) -> None:
    for new, status in (("old.thrift", 0), ("new.thrift", 1), ("absent.thrift", 2)):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "fastthrift", "breaking", "old.thrift", new],
            cwd=files,
            capture_output=True,
            check=False,
        )
        assert done.returncode == status


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write(tmp_path, {"old.thrift": SHOP, "new.thrift": CHANGED})
    return tmp_path


def test_changes_are_shown_with_their_lines(breaking: Any, files: Path) -> None:
    done = breaking(files, "old.thrift", "new.thrift")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == (
        "new.thrift:5:13: WIRE FIELD_TYPE_CHANGED: field 2 `price` of struct `Item` was double, "
        "is string"
    )
    assert lines[1] == "  was: old.thrift:5:13"
    assert lines[2].startswith("  help: each side passes over the other's value")
    assert lines[3] == (
        "new.thrift:9:23: SOURCE FIELD_RENAMED: argument 1 `name` of `Shop.find` is `title` now"
    )
    assert lines[-1] == "2 breaking changes: 1 WIRE, 1 SOURCE"


def test_a_typedef_is_told_before_what_it_changes(breaking: Any, tmp_path: Path) -> None:
    text = "struct S { 1: Id a, 2: i32 b } typedef i32 Id service V { void get(1: list<Id> x) }\n"
    write(tmp_path, {"old.thrift": text, "new.thrift": text.replace("i32 Id", "i64 Id")})
    done = breaking(tmp_path, "--format", "json", "old.thrift", "new.thrift")
    found = [(each["rule"], each["message"][:10]) for each in json.loads(done.stdout)["changes"]]
    assert found == [
        ("TYPEDEF_CHANGED", "typedef `I"),
        ("FIELD_TYPE_CHANGED", "field 1 `a"),
        ("FIELD_TYPE_CHANGED", "argument 1"),
    ]


def test_a_rule_that_is_nearly_one_is_told(breaking: Any, files: Path) -> None:
    done = breaking(files, "--except", "FIELD_REMOVE", "old.thrift", "new.thrift")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(" (did you mean 'FIELD_REMOVED'?)\n")


def test_a_name_that_is_not_utf8_is_told(breaking: Any, tmp_path: Path) -> None:
    write(tmp_path, {f"idl/{os.fsdecode(bytes([255]))}.thrift": ""})
    done = breaking(tmp_path, "idl", "idl")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("its name is not UTF-8\n")
    assert done.stderr.count("\n") == 1


def test_nothing_is_broken(breaking: Any, files: Path) -> None:
    done = breaking(files, "old.thrift", "old.thrift")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is broken\n", "")


def test_json_has_all_that_the_text_has(breaking: Any, files: Path) -> None:
    done = breaking(files, "--format", "json", "old.thrift", "new.thrift")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert (document["version"], document["wire"], document["source"]) == (1, 1, 1)
    first = document["changes"][0]
    assert first.pop("advice")
    assert first == {
        "rule": "FIELD_TYPE_CHANGED",
        "category": "WIRE",
        "message": "field 2 `price` of struct `Item` was double, is string",
        "path": "new.thrift",
        "line": 5,
        "column": 13,
        "was": {"path": "old.thrift", "line": 5, "column": 13},
    }


def test_github_annotates_the_lines(breaking: Any, files: Path) -> None:
    done = breaking(files, "--format", "github", "old.thrift", "new.thrift")
    first, second = done.stdout.splitlines()
    assert first.startswith(
        "::error file=new.thrift,line=5,col=13,title=FIELD_TYPE_CHANGED::field 2 `price` of"
    )
    assert second.startswith("::warning file=new.thrift,line=9,col=23,title=FIELD_RENAMED::")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--only", "wire"], ["FIELD_TYPE_CHANGED"]),
        (["--only", "source"], ["FIELD_RENAMED"]),
        (["--except", "FIELD_TYPE_CHANGED"], ["FIELD_RENAMED"]),
        (["--only", "wire", "--except", "FIELD_TYPE_CHANGED"], []),
    ],
)
def test_a_choice_of_rules(
    breaking: Any, files: Path, options: list[str], found: list[str]
) -> None:
    done = breaking(files, *options, "--format", "json", "old.thrift", "new.thrift")
    assert [each["rule"] for each in json.loads(done.stdout)["changes"]] == found
    assert done.returncode == (1 if found else 0)


def test_folders_are_compared_with_all_their_files(breaking: Any, tmp_path: Path) -> None:
    one = "struct A { 1: i32 a }\nstruct B { 1: i32 b }\n"
    uses = 'include "types.thrift"\nstruct C { 1: types.A a, 2: types.B b }\n'
    write(
        tmp_path,
        {
            "old/types.thrift": one,
            "old/deep/uses.thrift": uses.replace("types.thrift", "../types.thrift"),
            "old/gone.thrift": "const i32 LIMIT = 1\n",
            "old/.hidden/broken.thrift": "struct {",
            "new/types.thrift": "struct A { 1: i64 a }\n",
            "new/deep/more.thrift": "struct B { 1: i32 b }\n",
            "new/deep/uses.thrift": 'include "more.thrift"\n'
            + uses.replace("types.thrift", "../types.thrift").replace("types.B", "more.B"),
        },
    )
    done = breaking(tmp_path, "--format", "json", "old", "new")
    found = [
        (each["rule"], each["path"], each["was"]["path"])
        for each in json.loads(done.stdout)["changes"]
    ]
    assert found == [
        ("FILE_REMOVED", None, "old/gone.thrift"),
        ("FIELD_TYPE_CHANGED", "new/types.thrift", "old/types.thrift"),
        ("DEFINITION_MOVED", "new/deep/more.thrift", "old/types.thrift"),
        ("CONST_REMOVED", None, "old/gone.thrift"),
    ]
    assert breaking(tmp_path, "old", "old").returncode == 0
    # What has no new place is shown at its old one.
    assert "old/gone.thrift:1:1: SOURCE FILE_REMOVED" in breaking(tmp_path, "old", "new").stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With `shop.thrift` and what it includes in a folder, and changes that are not committed."""
    shared = "struct Price { 1: double amount }\n"
    shop = 'include "shared.thrift"\nstruct Item { 1: shared.Price price }\n'
    write(tmp_path, {"idl/shop.thrift": shop, "idl/common/shared.thrift": shared, "other.txt": ""})
    git(tmp_path, "init", "-q", "-b", "trunk")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "First")
    write(tmp_path, {"idl/common/shared.thrift": shared.replace("double", "i64")})
    return tmp_path


@pytest.mark.parametrize(
    ("directory", "arguments", "shown"),
    [
        (".", ["--against", "trunk", "-I", "idl/common", "idl/shop.thrift"], "idl/common/"),
        (".", ["--against", "trunk", "-I", "idl/common", "idl"], "idl/common/"),
        ("idl", ["--against", "trunk", "-I", "common", "."], "common/"),
        ("idl", ["-I", "common", "trunk:shop.thrift", "shop.thrift"], "common/"),
        (".", ["-I", "idl/common", "trunk:idl/", "idl/"], "idl/common/"),
    ],
)
def test_what_it_was_in_a_git_revision(
    breaking: Any, repository: Path, directory: str, arguments: list[str], shown: str
) -> None:
    done = breaking(repository / directory, "--only", "wire", *arguments)
    assert (done.returncode, done.stderr) == (1, "")
    first, was = done.stdout.splitlines()[:2]
    assert first == (
        f"{shown}shared.thrift:1:23: WIRE FIELD_TYPE_CHANGED: field 1 `amount` of struct `Price` "
        "was double, is i64"
    )
    assert re.fullmatch(r"  was: trunk:idl/common/shared\.thrift:1:26", was)
    git(repository, "commit", "-q", "-a", "-m", "Second")
    after = breaking(repository / directory, *arguments)
    assert (after.returncode, after.stdout) == (0, "nothing is broken\n")


def test_a_directory_outside_the_repository_is_as_it_is(
    breaking: Any, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    write(outside, {"units.thrift": "enum Unit { KG = 1 }\n"})
    shop = repository / "idl" / "shop.thrift"
    shop.write_text('include "units.thrift"\nstruct Item { 1: units.Unit unit }\n')
    git(repository, "commit", "-q", "-a", "-m", "Second")
    shop.write_text(shop.read_text().replace("units.Unit", "string"))
    for directory in (str(outside), f"../{outside.name}"):
        done = breaking(repository, "--against", "trunk", "-I", directory, "idl/shop.thrift")
        assert (done.returncode, done.stderr) == (1, "")
        assert "FIELD_TYPE_CHANGED" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["old.thrift"], "OLD and NEW are needed"),
        (["old.thrift", "new.thrift", "old.thrift"], "OLD and NEW are needed"),
        (["--against", "main", "old.thrift", "new.thrift"], "there is one PATH"),
        (["old.thrift", "absent.thrift"], "absent.thrift is not there"),
        (["old.thrift", "."], "a file and a folder"),
        (["empty", "empty"], "empty has no .thrift files"),
        (["old.thrift", "broken.thrift"], "broken.thrift:1:"),
        (["main:old.thrift", "old.thrift"], "not a git repository"),
        (["--except", "NOTHING", "old.thrift", "new.thrift"], "invalid choice: 'NOTHING'"),
    ],
)
def test_wrong_usage_is_told(breaking: Any, files: Path, arguments: list[str], told: str) -> None:
    (files / "empty").mkdir()
    write(files, {"broken.thrift": "struct {"})
    done = breaking(files, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--against", "absent", "idl"], "no such revision"),
        (["--against=--output=here", "idl"], "no such revision"),
        (["--against", "trunk", "absent.thrift"], "revision trunk has no absent.thrift"),
        (["--against", "trunk", "/"], "is not in the git repository"),
        (["trunk:idl/shop.thrift", "idl/shop.thrift"], "idl/shop.thrift:1:9"),
    ],
)
def test_what_a_revision_does_not_have_is_told(
    breaking: Any, repository: Path, arguments: list[str], told: str
) -> None:
    done = breaking(repository, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_of_the_repository_is_touched(breaking: Any, repository: Path) -> None:
    (repository / ".gitattributes").write_text("*.thrift export-ignore\n")
    git(repository, "add", ".gitattributes")
    git(repository, "commit", "-q", "-m", "Not for archives", ".gitattributes")
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch called\n")
    hook.chmod(0o755)
    git(repository, "add", ".")
    before = sorted((path, path.stat().st_mtime_ns) for path in repository.rglob("*"))
    assert breaking(repository, "--against", "trunk", "-I", "idl/common", "idl").returncode == 1
    after = sorted((path, path.stat().st_mtime_ns) for path in repository.rglob("*"))
    assert [
        entry for entry in after if entry not in before and ".git/objects" not in str(entry)
    ] == []


def test_the_page_has_every_rule_with_its_category() -> None:
    page = (ROOT / "docs" / "breaking.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (WIRE|SOURCE) \|", page, re.MULTILINE)
    assert rows == [(rule, category) for rule, category, _ in _core.Schema.breaking_rules()]


def test_a_file_that_is_gone_is_annotated_beside_no_line(breaking: Any, tmp_path: Path) -> None:
    files = {"old/a.thrift": "", "old/gone.thrift": "struct A { 1: i32 a }\n", "new/a.thrift": ""}
    write(tmp_path, files)
    found = breaking(tmp_path, "--format", "github", "old", "new").stdout.splitlines()
    assert [line.partition("::`")[0] for line in found[:1]] == ["::warning title=FILE_REMOVED"]
    assert not any("file=" in line for line in found)


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        (["--only", "wire"], "0 WIRE, 1 SOURCE"),
        (["--except", "FIELD_RENAMED"], "0 WIRE, 1 SOURCE"),
    ],
)
def test_what_is_left_out_is_not_called_unbroken(
    breaking: Any, files: Path, arguments: list[str], left_out: str
) -> None:
    write(files, {"title.thrift": SHOP.replace("find(1: string name)", "find(1: string title)")})
    done = breaking(files, *arguments, "old.thrift", "title.thrift")
    text = f"nothing that was asked for is broken ({left_out} left out)\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, text, "")


MOVED = {
    "old/common/base.thrift": "struct A { 1: i32 a }\n",
    "old/main.thrift": 'include "common/base.thrift"\nstruct M { 1: base.A a }\n',
    "new/shared/base.thrift": "struct A { 1: i32 a }\n",
    "new/main.thrift": 'include "shared/base.thrift"\nstruct M { 1: base.A a }\n',
}


@pytest.mark.parametrize("file", ["", "/main.thrift"])
def test_a_file_in_another_folder_is_not_found_by_old_programs(
    breaking: Any, tmp_path: Path, file: str
) -> None:
    write(tmp_path, MOVED)
    for before, after, path in (("old", "new", "shared"), ("new", "old", "common")):
        done = breaking(tmp_path, f"{before}{file}", f"{after}{file}")
        first, *_ = done.stdout.splitlines()
        was = {"new": "shared", "old": "common"}[before]
        where, rule, told = first.split(": ", 2)
        assert where == f"{after}/{path}/base.thrift:1:1"
        assert rule.split() == ["SOURCE", "FILE_MOVED"]
        assert told == f"`{was}/base.thrift` is `{path}/base.thrift` now"
        assert done.stdout.endswith("1 breaking change: 0 WIRE, 1 SOURCE\n")
        # A program of the old side, with the new files.
        program = f'include "{was}/base.thrift"\nstruct P {{ 1: base.A a }}\n'
        write(tmp_path, {f"{before}/program.thrift": program, f"{after}/program.thrift": program})
        name = f"moved_{before}{len(file)}_thrift"
        assert fastthrift.load(str(tmp_path / before / "program.thrift"), name)
        with pytest.raises(ThriftParserError, match=r"base\.thrift"):
            fastthrift.load(str(tmp_path / after / "program.thrift"), f"not_{name}")
        (tmp_path / before / "program.thrift").unlink()
        (tmp_path / after / "program.thrift").unlink()


def test_files_where_they_were_have_not_moved(breaking: Any, tmp_path: Path) -> None:
    text = "struct A { 1: i32 a }\n"
    main = 'include "../base.thrift"\nstruct M { 1: base.A a }\n'
    by_directory = main.replace("../", "")
    files = {"base.thrift": text, "one/main.thrift": main, "deep/two/x/main.thrift": by_directory}
    write(tmp_path, files)
    # The file that is compared may have moved itself, and what is beside it may not.
    for arguments in (
        ["one/main.thrift", "one/main.thrift"],
        ["one/main.thrift", str(tmp_path / "one" / "main.thrift")],
        ["-I", ".", "one/main.thrift", "deep/two/x/main.thrift"],
        ["one/../one", "./one"],
    ):
        done = breaking(tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (0, "nothing is broken\n"), arguments
    # One beside the folder of the file.
    write(tmp_path, {"fresh/base.thrift": text})
    write(tmp_path, {"one/other.thrift": main.replace("../base", "../fresh/base")})
    done = breaking(tmp_path, "one/main.thrift", "one/other.thrift")
    assert "FILE_MOVED: `../base.thrift` is `../fresh/base.thrift` now" in done.stdout


@pytest.mark.parametrize(
    ("definition", "left", "advice"),
    [
        ("struct A { 1: i32 a }", "typedef other.A A", "leave a typedef there"),
        ("enum A { X = 1 }", "typedef other.A A", "leave a typedef there"),
        (
            "service A { i32 f() }",
            "service A extends other.A {}",
            "leave a service there that extends it",
        ),
        ("const i32 A = 7", "const i32 A = other.A", "leave a constant of its value there"),
    ],
)
def test_what_has_moved_can_be_left_in_its_old_file(
    breaking: Any, tmp_path: Path, definition: str, left: str, advice: str
) -> None:
    including = 'include "other.thrift"\n'
    write(
        tmp_path,
        {
            "old/one.thrift": definition,
            "new/one.thrift": including,
            "mended/one.thrift": f"{including}{left}\n",
            **{f"{side}/other.thrift": definition for side in ("new", "mended")},
        },
    )
    done = breaking(tmp_path, "--format", "json", "old", "new")
    found = json.loads(done.stdout)["changes"]
    assert [(each["rule"], each["advice"].partition(": ")[2]) for each in found] == [
        ("DEFINITION_MOVED", advice)
    ]
    # As it says.
    assert breaking(tmp_path, "old", "mended").stdout == "nothing is broken\n"
    module = fastthrift.load(str(tmp_path / "mended" / "one.thrift"), f"left_{len(left)}_thrift")
    assert hasattr(module, "A")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "enum E { A = 1 } enum F { A = 2 } struct S { 1: E a }",
            "enum E { A = 1 } enum F { A = 2 } struct S { 1: F a }",
            "`A` of enum `E` was 1, is 2 in enum `F`",
        ),
        (
            "enum E { A = 1 } enum F { B = 1 } struct S { 1: E a }",
            "enum E { A = 1 } enum F { B = 1 } struct S { 1: F a }",
            "`A` of enum `E` is `B` now in enum `F`, with the value 1",
        ),
        (
            "struct K { 1: i32 a } struct S { 1: list<K> a }",
            "enum K { A = 1 } struct S { 1: list<K> a }",
            "field 1 `a` of struct `S` was list<struct `K`>, is list<enum `K`>",
        ),
        (
            "struct K { 1: i32 a } service S { K a() }",
            "enum K { A = 1 } service S { K a() }",
            "result of `S.a` was struct `K`, is enum `K`",
        ),
    ],
)
def test_what_has_changed_is_told_from_what_has_not(
    breaking: Any, tmp_path: Path, before: str, after: str, told: str
) -> None:
    write(tmp_path, {"old.thrift": before, "new.thrift": after})
    found = json.loads(breaking(tmp_path, "--format", "json", "old.thrift", "new.thrift").stdout)
    assert told in [change["message"] for change in found["changes"]]
