"""``fastthrift check``: the real command, in a process of its own."""

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

SCRIPT = Path(sys.executable).with_name("fastthrift")

GOOD = "struct Point { 1: i32 x, 2: i32 y }\n"
BAD = "struct Line {\n  1: Pint start\n  2: list<i32 points\n}\nconst i32 LIMIT = 'many'\n"
ODD = "enum Color { RED = 1, ROUGE = 1 }\nstruct Point { i32 x }\n"


@pytest.fixture(autouse=True)
def directory(tmp_path: Path) -> Path:
    for name, text in {"good": GOOD, "bad": BAD, "odd": ODD}.items():
        (tmp_path / f"{name}.thrift").write_text(text)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "types.thrift").write_text("struct Thing { 1: Nothing x }\n")
    for name in ("first", "second"):
        (tmp_path / f"{name}.thrift").write_text(
            f'include "types.thrift"\nstruct {name.title()} {{ 1: types.Thing thing }}\n'
        )
    return tmp_path


@pytest.fixture
def check(directory: Path) -> Any:
    def check(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "fastthrift", "check", *arguments]
        return subprocess.run(
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            **{"env": {**os.environ, "PYTHONIOENCODING": "utf-8"}, **options},
        )

    return check


def test_a_file_without_mistakes(check: Any) -> None:
    done = check("good.thrift")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 file: no problems\n", "")


def test_mistakes_are_shown_with_their_lines(check: Any) -> None:
    done = check("bad.thrift")
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        done.stdout
        == """\
error[syntax]: expected `>`, found `points`
 --> bad.thrift:3:15
  |
3 |   2: list<i32 points
  |               ^^^^^^ expected `>`

1 file: 1 error
"""
    )


def test_several_mistakes_in_several_files(check: Any, directory: Path) -> None:
    (directory / "names.thrift").write_text("struct A { 1: Pint a }\nstruct Point {}\n")
    done = check("names.thrift", "bad.thrift", "odd.thrift")
    assert done.returncode == 1
    assert "names.thrift:1:15" in done.stdout
    assert "help: did you mean `Point`?" in done.stdout
    assert "bad.thrift:3:15" in done.stdout
    assert "warning[duplicate-enum-value]" in done.stdout
    assert done.stdout.endswith("\n3 files: 2 errors, 2 warnings\n")


def test_a_mistake_in_a_file_that_two_include_is_told_once(check: Any) -> None:
    done = check("first.thrift", "second.thrift", "-I", "shared")
    assert done.returncode == 1
    assert done.stdout.count("error[unknown-type]") == 1
    assert os.path.join("shared", "types.thrift:1:19") in done.stdout
    missing = check("first.thrift")
    assert missing.returncode == 1
    assert "error[missing-include]: cannot find `types.thrift`" in missing.stdout


def test_warnings_are_no_errors_unless_strict(check: Any) -> None:
    done = check("odd.thrift")
    assert done.returncode == 0
    assert done.stdout.endswith("\n1 file: 2 warnings\n")
    assert check("--strict", "odd.thrift").returncode == 1
    assert check("--strict", "good.thrift").returncode == 0


def test_json(check: Any) -> None:
    done = check("--format", "json", "good.thrift", "bad.thrift", "odd.thrift", "missing.thrift")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    diagnostics = document.pop("diagnostics")
    assert document == {
        "version": 1,
        "files": ["good.thrift", "bad.thrift", "odd.thrift", "missing.thrift"],
        "errors": 2,
        "warnings": 2,
    }
    assert diagnostics[0] == {
        "code": "syntax",
        "severity": "error",
        "message": "expected `>`, found `points`",
        "path": "bad.thrift",
        "line": 3,
        "column": 15,
        "end_line": 3,
        "end_column": 21,
        "source": "  2: list<i32 points",
        "expected": "`>`",
        "hint": None,
        "related": [],
    }
    assert diagnostics[1]["related"] == [
        {"path": "odd.thrift", "line": 1, "column": 14, "message": "the same value"}
    ]
    assert (diagnostics[-1]["code"], diagnostics[-1]["line"]) == ("unreadable-file", None)
    assert {len(diagnostic) for diagnostic in diagnostics} == {12}


def test_json_of_a_clean_run_is_a_document_too(check: Any) -> None:
    document = json.loads(check("--format=json", "good.thrift").stdout)
    assert (document["errors"], document["diagnostics"]) == (0, [])


@pytest.mark.parametrize("name", ["missing.thrift", "good.thrift/types.thrift"])
def test_a_file_that_cannot_be_read_is_a_line(check: Any, name: str) -> None:
    done = check("good.thrift", name)
    assert (done.returncode, done.stderr) == (1, "")
    first, _, summary, end = done.stdout.split("\n")
    assert first.startswith(f"error[unreadable-file]: cannot read {name}: ")
    assert (summary, end) == ("2 files: 1 error", "")


def test_standard_input(check: Any) -> None:
    done = check("-", input='include "good.thrift"\nstruct A { 1: good.Pint a }')
    assert done.returncode == 1
    assert "--> <stdin>:2:15" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--format", "xml", "good.thrift"], ["--nonsense"]])
def test_wrong_usage(check: Any, arguments: list[str]) -> None:
    done = check(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")


def test_the_options_of_load(check: Any, directory: Path) -> None:
    (directory / "words.thrift").write_text('include "nowhere.thrift"\nstruct A { 1: i32 from }\n')
    done = check("words.thrift")
    assert done.returncode == 1
    assert done.stdout.endswith("\n1 file: 1 error, 1 hint\n")
    assert "hint[reserved-word]: `from` is a keyword of Python" in done.stdout
    assert check("--reserved=error", "words.thrift").stdout.endswith("\n1 file: 2 errors\n")
    done = check("--reserved", "allow", "--missing-include", "warn", "words.thrift")
    assert (done.returncode, done.stdout[-20:]) == (0, "\n\n1 file: 1 warning\n")


def test_hints_are_no_mistakes(check: Any, directory: Path) -> None:
    (directory / "words.thrift").write_text("struct A { 1: i32 function }\n")
    done = check("--strict", "words.thrift")
    assert (done.returncode, done.stdout[-16:]) == (0, "\n1 file: 1 hint\n")
    (found,) = json.loads(check("--format=json", "words.thrift").stdout)["diagnostics"]
    assert (found["code"], found["severity"]) == ("reserved-word", "hint")
    assert "\x1b[" in check("--color=always", "words.thrift").stdout


@pytest.mark.parametrize("color", ["always", "never"])
def test_a_place_on_a_long_line_is_one_place(check: Any, directory: Path, color: str) -> None:
    fields = " ".join(f"{number}: i32 field_{number}," for number in range(1, 400))
    (directory / "long.thrift").write_text(f"struct A {{ {fields} 400: Nope x }}\n")
    shown = check("--color", color, "long.thrift").stdout
    assert "long.thrift:1:" in shown
    assert ":::" not in shown


def test_color(check: Any) -> None:
    assert "\x1b[" in check("--color", "always", "bad.thrift").stdout
    assert "\x1b[" not in check("bad.thrift").stdout


def test_text_that_the_terminal_cannot_show(check: Any, directory: Path) -> None:
    (directory / "accents.thrift").write_text("struct A { 1: Élan a } // é\n", encoding="utf-8")
    done = check("accents.thrift", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (1, "")
    assert "\\xc9" in done.stdout


@pytest.mark.parametrize("arguments", [["check"], ["format", "--diff"]], ids=" ".join)
def test_a_reader_that_has_seen_enough(directory: Path, arguments: list[str]) -> None:
    (directory / "many.thrift").write_text(
        "struct A { 1: Nothing a }\n" + "typedef   Nope N\n" * 3000
    )
    command = [sys.executable, "-m", "fastthrift", *arguments, "many.thrift"]
    with subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(600) == 1


@pytest.mark.parametrize("arguments", [["check"], ["json"], ["format", "--diff"]], ids=" ".join)
def test_a_full_disk_is_told_in_one_line(directory: Path, arguments: list[str]) -> None:
    (directory / "many.thrift").write_text("typedef   i32 N\n")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fastthrift", *arguments, "many.thrift"],
            cwd=directory,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == "error: cannot write standard output: No space left on device"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["check -", "format -", "json -", "decode good.thrift Point -"])
def test_standard_input_that_is_closed_is_told(directory: Path, command: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{SCRIPT} {command} <&-"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1 if command == "format -" else 2, "")
    assert done.stderr.splitlines()[0] == "error: standard input is closed"


@pytest.mark.parametrize(
    ("command", "status"),
    [("check good.thrift", 0), ("check bad.thrift", 1), ("json good.thrift", 0), ("json no", 1)],
)
def test_what_is_written_to_a_closed_stream_is_for_nobody(
    directory: Path, command: str, status: int
) -> None:
    for closed in (">&-", "2>&-"):
        done = subprocess.run(
            ["sh", "-c", f"{SCRIPT} {command} {closed}"],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, "Traceback" in done.stderr) == (status, False)
        assert "error:" not in done.stdout


def test_a_directory_stands_for_the_files_below_it(check: Any, directory: Path) -> None:
    (directory / "shared" / ".old").mkdir()
    (directory / "shared" / ".old" / "bad.thrift").write_text(BAD)
    done = check("shared", "good.thrift")
    assert (done.returncode, done.stderr) == (1, "")
    assert "shared/types.thrift:1:" in done.stdout
    assert done.stdout.endswith("\n2 files: 1 error\n")


def test_a_directory_without_files_is_wrong_usage(check: Any, directory: Path) -> None:
    (directory / "none" / ".hidden").mkdir(parents=True)
    (directory / "none" / ".hidden" / "good.thrift").write_text("")
    done = check("good.thrift", "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: none has no .thrift files\n"


def test_the_installed_script(directory: Path) -> None:
    done = subprocess.run(
        [SCRIPT, "check", "bad.thrift"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout[:13]) == (1, "error[syntax]")
    version = subprocess.run([SCRIPT, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"fastthrift {fastthrift.__version__}\n"
    bare = subprocess.run([SCRIPT], capture_output=True, text=True, check=False)
    assert (bare.returncode, bare.stdout) == (2, "")
    help_text = subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, check=True)
    assert "Look for mistakes in Thrift files." in help_text.stdout
    assert bare.stderr == help_text.stdout
    near = subprocess.run([SCRIPT, "chek"], capture_output=True, text=True, check=False)
    assert (near.returncode, near.stdout) == (2, "")
    assert near.stderr.endswith(" (did you mean 'check'?)\n")


def test_the_exception_of_load_has_the_same_diagnostics(check: Any, directory: Path) -> None:
    path = str(directory / "bad.thrift")
    with pytest.raises(fastthrift.parser.ThriftParserError) as caught:
        fastthrift.load(path)
    shown = json.loads(check("--format", "json", path).stdout)["diagnostics"]
    assert [
        (found.code, found.line, found.column, found.message, found.source)
        for found in caught.value.diagnostics
    ] == [(d["code"], d["line"], d["column"], d["message"], d["source"]) for d in shown]


def test_the_documentation_shows_what_happens(check: Any, directory: Path) -> None:
    page = Path(__file__).parents[3].joinpath("docs", "check.md").read_text()
    block = dict(re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    (directory / "address_book.thrift").write_text(block["thrift"])
    assert check("address_book.thrift").stdout == block["text"]
    shown = check("--format", "json", "address_book.thrift").stdout
    assert json.loads(shown) == json.loads(block["json"])


def test_github_is_told_once_what_is_expected(check: Any, tmp_path: Path) -> None:
    (tmp_path / "syntax.thrift").write_text("struct S { 1: i32 }\n")
    shown = check("--format", "github", "syntax.thrift").stdout
    assert shown.count("expected ") == 1


def test_github_annotates_the_lines(check: Any) -> None:
    done = check("--format", "github", "odd.thrift", "bad.thrift", "absent.thrift")
    assert (done.returncode, done.stderr) == (1, "")
    *annotations, summary = done.stdout.splitlines()
    assert summary.startswith("3 files: ")
    assert annotations[0] == (
        "::warning file=odd.thrift,line=1,col=23,title=duplicate-enum-value::"
        "`ROUGE` has the value of another item"
    )
    syntax = next(line for line in annotations if "title=syntax" in line)
    assert syntax.startswith("::error file=bad.thrift,line=")
    assert "expected " in syntax
    assert annotations[-1] == (
        "::error file=absent.thrift,title=unreadable-file::"
        "cannot read absent.thrift: No such file or directory"
    )


def test_names_of_files_do_not_end_an_annotation(check: Any, directory: Path) -> None:
    (directory / "a,b:100%\n.thrift").write_text("struct {")
    shown = check("--format", "github", "a,b:100%\n.thrift").stdout
    assert shown.startswith("::error file=a%2Cb%3A100%25%0A.thrift,line=1,col=8,title=syntax::")


def test_the_first_use_of_an_id_that_is_too_large_tells_what_check_warns_of(
    check: Any, directory: Path
) -> None:
    path = directory / "far.thrift"
    path.write_text("struct A { 40000: i32 far }\nservice S { void f(40000: i32 far) }\n")
    words = "the field id 40000 does not fit the 16 bits it is sent in"
    assert check("far.thrift").stdout.count(words) == 2
    module = fastthrift.load(str(path))
    for obj in (module.A(1), module.S.f_args(1)):
        with pytest.raises(TypeError) as caught:
            fastthrift.encode(obj)
        assert str(caught.value) == (
            f"thrift_spec of {type(obj)}, field 40000: {words}; give `far` a number from -32768 to "
            "32767"
        )
