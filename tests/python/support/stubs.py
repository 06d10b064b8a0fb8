"""``fastthrift stubs``, and what type checkers say of what it writes."""

from __future__ import annotations

import json
import keyword
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

#: What a module has that thriftpy2's programs read.
OF_MODULES = ("file", "meta", "namespaces")
#: What no stub has: names that no program can write, and what tells where a definition stands.
#: ``__all__`` makes the modules public that are included.
HIDDEN = "\n".join(
    (
        rf".*\.({'|'.join(keyword.kwlist)}|__all__|__fastthrift_\w+__)",
        rf"\w+\.__thrift_(?!({'|'.join(OF_MODULES)})__)\w+__",
        r"\w+\..*\.__thrift_\w+__",
    )
)


def run(
    *arguments: object, warnings: str = "error", **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run ``fastthrift stubs``."""
    command = [sys.executable, "-W", warnings, "-m", "fastthrift", "stubs", *map(str, arguments)]
    return _done(command, **options)


def mypy(directory: Path, program: str) -> set[tuple[str, int]]:
    """Where mypy finds mistakes in a program with stubs in ``typings``: files and lines."""
    done = _done(
        [sys.executable, "-m", "mypy", "--strict", program],
        env={**os.environ, "MYPYPATH": "typings"},
        cwd=directory,
    )
    found = re.findall(r"^(\S+?):(\d+): error", done.stdout, re.MULTILINE)
    assert found or done.returncode == 0, done.stdout + done.stderr
    return {(file, int(line)) for file, line in found}


def pyright(directory: Path, *paths: str) -> list[dict[str, Any]]:
    """What pyright finds in programs, or stubs."""
    # The module is made of its Thrift file when the program runs.
    settings = {"typeCheckingMode": "strict", "reportMissingModuleSource": False}
    (directory / "pyrightconfig.json").write_text(
        json.dumps({**settings, "stubPath": "typings", "reportUnusedExpression": False})
    )
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = _done([*command, *paths], cwd=directory)
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["generalDiagnostics"]
    return found


def stubtest(
    directory: Path, loading: str, *modules: str, stubs: str, allowed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Compare stubs with the modules that a program makes by ``loading``."""
    (directory / "allowed").write_text(f"{HIDDEN}\n{allowed}")
    script = (
        f"import sys, warnings, fastthrift; from mypy import stubtest\n{loading}\n"
        "options = ['--allowlist', 'allowed', '--ignore-unused-allowlist']\n"
        "sys.exit(stubtest.test_stubs(stubtest.parse_options([*options, *sys.argv[1:]])))"
    )
    return _done(
        [sys.executable, "-c", script, *modules],
        env={**os.environ, "MYPYPATH": stubs},
        cwd=directory,
    )


def marked(program: str) -> set[int]:
    """The lines of a program that a type checker has to refuse."""
    lines = enumerate(program.splitlines(), 1)
    return {number for number, line in lines if line.endswith("# wrong")}


def _done(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, **options
    )
