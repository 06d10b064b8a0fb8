"""Stubs for real .thrift files, and what mypy finds in them: `types_of_files.py DIRECTORY`, which
has the files.

Under thriftpy2 only whether it loads each file: what it loads has stubs, in which nothing is wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import thriftpy2
from thriftpy2.parser import parse

_IS_OURS = thriftpy2.load.__module__.startswith("fastthrift")


def main() -> None:
    root = Path(sys.argv[1])
    outcome = typed if _IS_OURS else loaded
    files = sorted(root.rglob("*.thrift"))
    print(json.dumps({str(path.relative_to(root)): outcome(path) for path in files}))


def loaded(path: Path) -> str:
    try:
        # Not `load`, which lacks an attribute of modules of files that define nothing but types.
        parse(str(path), f"{path.stem.replace('.', '_')}_of_{path.parent.name}_thrift")
    except Exception:
        return "refused"
    return "good"


def typed(path: Path) -> str:
    with tempfile.TemporaryDirectory() as output:
        command = [sys.executable, "-m", "fastthrift", "stubs", path.name, "-o", output]
        done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True)
        if done.returncode:
            return "refused" if done.stderr.startswith("error[") else done.stderr
        stubs = sorted(map(str, Path(output).rglob("*.pyi")))
        checked = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--explicit-package-bases",
             "--cache-dir", str(Path(sys.argv[1], "mypy")), *stubs],
            cwd=output, capture_output=True, text=True,
        )  # fmt: skip
        return "good" if checked.returncode == 0 else checked.stdout + checked.stderr


if __name__ == "__main__":
    main()
