"""The hooks of this repository, run by the real pre-commit.

It makes an environment of a hooks' repository by installing that. Here that is the manifest of this
repository with a package whose command is the one of this environment: pip would compile the native
module for minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "Cargo.toml").exists())

#: A build backend of its own, which needs no index: it packs one script into a wheel.
BACKEND = f"""
import zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "fastthrift-0.0.0-py3-none-any.whl"
    info = "fastthrift-0.0.0.dist-info"
    files = {{
        "fastthrift-0.0.0.data/scripts/fastthrift": "#!/bin/sh\\nexec {sys.executable} -m fastthrift \\"$@\\"\\n",
        f"{{info}}/METADATA": "Metadata-Version: 2.1\\nName: fastthrift\\nVersion: 0.0.0\\n",
        f"{{info}}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{{info}}/RECORD": "",
    }}
    with zipfile.ZipFile(f"{{directory}}/{{name}}", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
"""  # noqa: E501
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "fastthrift"
version = "0.0.0"
"""


def run(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=directory,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "PRE_COMMIT_HOME": str(directory.parent / "cache"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def commit(directory: Path) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "First"]):
        done = run(directory, "git", *identity, *command)
        assert done.returncode == 0, done.stderr


def test_a_commit_is_checked_and_formatted(tmp_path: Path) -> None:
    hooks, project = tmp_path / "hooks", tmp_path / "project"
    hooks.mkdir()
    project.mkdir()
    manifest = (ROOT / ".pre-commit-hooks.yaml").read_text()
    (hooks / ".pre-commit-hooks.yaml").write_text(manifest)
    (hooks / "backend.py").write_text(BACKEND)
    (hooks / "pyproject.toml").write_text(PROJECT)
    commit(hooks)
    revision = run(hooks, "git", "rev-parse", "HEAD").stdout.strip()
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks}\n  rev: {revision}\n  hooks:\n"
        "  - id: fastthrift-check\n  - id: fastthrift-format\n"
    )
    ugly = project / "ugly.thrift"
    ugly.write_text("struct   Item{1:i32 id}\n")
    (project / "notes.txt").write_text("struct {\n")
    commit(project)
    done = run(project, "pre-commit", "run", "--all-files")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "fastthrift check" in done.stdout
    lines = done.stdout.splitlines()
    assert [line.rsplit(".", 1)[1] for line in lines if line.startswith("fastthrift ")] == [
        "Passed",
        "Failed",
    ]
    assert "files were modified by this hook" in done.stdout
    assert ugly.read_text() == "struct Item {\n  1: i32 id,\n}\n"
    # What was formatted is well formed, and formatting it changes nothing.
    assert run(project, "pre-commit", "run", "--all-files").returncode == 0
    ugly.write_text("struct Item {\n  1: Id id,\n}\n")
    done = run(project, "pre-commit", "run", "--all-files")
    assert done.returncode == 1
    assert "error[unknown-type]: no type `Id` is defined" in done.stdout
