"""``fastthrift format``: the real command, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.pages import ROOT, blocks

UGLY = """\
namespace py demo   // the namespace


/** The operation. */
enum Op { ADD=1, // plus
 SUB }
struct Work{1:i32 a=0
2:required list< /* odd */ i32> b}
"""
PRETTY = """\
namespace py demo // the namespace

/** The operation. */
enum Op {
  ADD = 1, // plus
  SUB,
}
struct Work {
  1: i32 a = 0,
  2: required list<i32> b, /* odd */
}
"""


def run(directory: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "fastthrift", "format", *arguments],
        cwd=directory,
        capture_output=True,
        timeout=600,
        check=False,
        **options,
    )


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    path = tmp_path / "ugly.thrift"
    path.write_text(UGLY)
    path.chmod(0o640)
    return path


def test_a_file_is_formatted_in_place_and_keeps_its_mode(ugly: Path) -> None:
    done = run(ugly.parent, "ugly.thrift")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"1 file: 1 formatted, 0 failed\n"
    assert (ugly.read_text(), ugly.stat().st_mode & 0o777) == (PRETTY, 0o640)
    assert [path.name for path in ugly.parent.iterdir()] == ["ugly.thrift"]
    again = run(ugly.parent, "ugly.thrift")
    assert (again.returncode, again.stderr) == (0, b"1 file: 0 formatted, 0 failed\n")


def test_a_link_stays_one(ugly: Path) -> None:
    link = ugly.with_name("link.thrift")
    link.symlink_to("ugly.thrift")
    assert run(ugly.parent, "link.thrift").returncode == 0
    assert link.is_symlink()
    assert ugly.read_text() == PRETTY


def test_standard_input_goes_to_standard_output_whatever_the_terminal_can_show(
    tmp_path: Path,
) -> None:
    text = UGLY.replace("odd", "päärlan \N{SNOWMAN}")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run(tmp_path, "-", input=b"\xef\xbb\xbf" + text.encode(), env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == PRETTY.replace("odd", "päärlan \N{SNOWMAN}")


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_nothing_is_changed_when_only_asked(ugly: Path, option: str) -> None:
    done = run(ugly.parent, option, "ugly.thrift")
    assert done.returncode == 1
    assert ugly.read_text() == UGLY
    if option == "--diff":
        assert b"-struct Work{1:i32 a=0\n" in done.stdout
        assert b"+struct Work {\n" in done.stdout
    else:
        assert (done.stdout, done.stderr.splitlines()[0]) == (b"", b"would format ugly.thrift")
    ugly.write_text(PRETTY)
    done = run(ugly.parent, option, "ugly.thrift")
    assert (done.returncode, done.stdout) == (0, b"")


def test_files_with_mistakes_are_shown_and_left_as_they_are(ugly: Path) -> None:
    broken = ugly.with_name("broken.thrift")
    broken.write_text("struct A {\n  1: list<i32 points\n}\n")
    binary = ugly.with_name("latin.thrift")
    binary.write_bytes(b"// \xe9\nstruct   A {}\n")
    done = run(ugly.parent, ".", "missing.thrift")
    assert done.returncode == 1
    assert broken.read_text() == "struct A {\n  1: list<i32 points\n}\n"
    assert binary.read_bytes() == b"// \xe9\nstruct   A {}\n"
    assert ugly.read_text() == PRETTY
    text = done.stderr.decode()
    assert "broken.thrift:2:" in text
    assert "latin.thrift is left as it is: byte 3 is not UTF-8" in text
    assert "cannot format missing.thrift: No such file or directory" in text
    assert text.endswith("4 files: 1 formatted, 3 failed\n")


def test_a_file_whose_name_is_as_long_as_names_can_be_is_formatted(ugly: Path) -> None:
    path = ugly.rename(ugly.with_name("x" * 248 + ".thrift"))
    assert run(path.parent, path.name).returncode == 0
    assert path.read_text() != UGLY
    assert run(path.parent, "--check", path.name).returncode == 0
    assert list(path.parent.iterdir()) == [path]


def test_ends_of_lines_stay_as_they_are(ugly: Path) -> None:
    # A file with a package may have texts over several lines.
    text = f'package "a.b/c"\n{UGLY}/* two\nlines */\nconst string C="a\nb"\n'
    pretty = f'package "a.b/c"\n{PRETTY}/* two\nlines */\nconst string C = "a\nb"\n'
    ugly.write_bytes(text.replace("\n", "\r\n").encode())
    assert run(ugly.parent, "ugly.thrift").returncode == 0
    assert ugly.read_bytes() == pretty.replace("\n", "\r\n").encode()
    assert run(ugly.parent, "--check", "ugly.thrift").returncode == 0


def test_texts_and_comments_of_a_file_with_mixed_ends_of_lines_keep_their_own(
    tmp_path: Path,
) -> None:
    text = b'package "a.b/c"\n/* two\r\nlines */\nconst string C=   "a\r\nb"\r\n'
    formatted = b'package "a.b/c"\n/* two\r\nlines */\nconst string C = "a\r\nb"\n'
    assert run(tmp_path, "-", input=text).stdout == formatted


def test_only_files_of_a_directory_are_formatted(ugly: Path) -> None:
    (ugly.parent / "directory.thrift").mkdir()
    for hidden in (".venv/lib", "idl/.old"):
        (ugly.parent / hidden).mkdir(parents=True)
        (ugly.parent / hidden / "ugly.thrift").write_bytes(ugly.read_bytes())
    done = run(ugly.parent, ".")
    assert (done.returncode, done.stderr) == (0, b"1 file: 1 formatted, 0 failed\n")
    # Nor what others keep out of sight, unless it is named.
    done = run(ugly.parent, ".venv")
    assert (done.returncode, done.stderr) == (0, b"1 file: 1 formatted, 0 failed\n")


def test_what_is_no_file_is_not_written(tmp_path: Path) -> None:
    done = run(tmp_path, "/dev/stdin", input=b"struct   A {}\n")
    assert done.returncode == 1
    assert b"cannot format /dev/stdin: it is no file; - is standard input\n" in done.stderr


def test_a_directory_without_files_is_wrong_usage(ugly: Path) -> None:
    (ugly.parent / "none").mkdir()
    before = ugly.read_bytes()
    done = run(ugly.parent, str(ugly), "none")
    assert (done.returncode, done.stderr) == (2, b"error: none has no .thrift files\n")
    assert ugly.read_bytes() == before


def test_a_difference_is_by_lines_of_the_file(tmp_path: Path) -> None:
    done = run(tmp_path, "--diff", "-", input=b"// a\x0c b\nstruct   A {}\n")
    assert done.stdout.splitlines()[2:] == [
        b"@@ -1,2 +1,2 @@",
        *b" // a\x0c b\n-struct   A {}\n+struct A {}".split(b"\n"),
    ]


def test_a_comment_behind_a_line_stays_there_whatever_is_inside_the_line(tmp_path: Path) -> None:
    text = b"""\
struct S /* s */ { // of S
  2: i32 /* metres */ b, // z
  3: i32 // feet
    c // y
}
enum E {
  A /*a1*/ = 1, // a4
  B = /* b1 */ /* b2 */ 2 // b4
} // of E
service T {
  void f(1: i32 /* x */ a) // of f
  i32 /* int */ g(), // of g
}
"""
    formatted = b"""\
struct S { /* s */ // of S
  2: i32 b, /* metres */ // z
  // feet
  3: i32 c, // y
}
enum E {
  A = 1, /*a1*/ // a4
  B = 2, /* b1 */ /* b2 */ // b4
} // of E
service T {
  void f(
    1: i32 a, /* x */
  ), // of f
  i32 g(), /* int */ // of g
}
"""
    once = run(tmp_path, "-", input=text).stdout
    assert once == formatted
    assert run(tmp_path, "-", input=once).stdout == once


def test_comments_behind_the_bracket_of_a_value_stay_there(tmp_path: Path) -> None:
    text = b"""\
struct S {
  1: list<i32> a = [1,
    2] // the value
    (key = "b" // within
    , other), // behind a
}
const map<list<i32>, i32> M = {
  [1,
   2] // the key
  : 3, // behind the value
} // behind M
"""
    formatted = b"""\
struct S {
  1: list<i32> a = [
    1,
    2,
  ] // the value
  (
    key = "b", // within
    other,
  ), // behind a
}
const map<list<i32>, i32> M = {
  [
    1,
    2,
  ] // the key
  : 3, // behind the value
} // behind M
"""
    once = run(tmp_path, "-", input=text).stdout
    assert once == formatted
    assert run(tmp_path, "-", input=once).stdout == once


def test_a_comment_before_a_brace_does_not_come_to_document_what_is_behind_it(
    tmp_path: Path,
) -> None:
    text = b"struct A {}\nservice S /** of nothing */ { A f() }\n"
    once = run(tmp_path, "-", input=text).stdout
    assert once == b"struct A {}\nservice S { /* of nothing */\n  A f(),\n}\n"
    assert run(tmp_path, "-", input=once).stdout == once


def test_the_page_shows_what_the_commands_do(tmp_path: Path) -> None:
    page = blocks(ROOT / "docs" / "format.md")
    before, after = (text for name, language, text in page if language == "thrift")
    (tmp_path / "orders.thrift").write_text(before)
    assert run(tmp_path, "orders.thrift").returncode == 0
    assert (tmp_path / "orders.thrift").read_text() == after
    printed = subprocess.run(
        [sys.executable, "-m", "fastthrift", "json", "orders.thrift"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    (shown,) = (text for _, language, text in page if language == "json")
    assert json.loads(printed.stdout) == json.loads(shown)
