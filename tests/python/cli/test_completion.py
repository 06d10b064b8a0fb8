"""Completion of the command line, by argcomplete in a real bash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: What the documentation has users put into their .bashrc, and what bash does when Tab is pressed:
#: it looks up which function completes the command, and calls it with the line in variables.
PROGRAM = r"""
eval "$(register-python-argcomplete --no-defaults fastthrift)"
# With this bash has files for what there is nothing for.
[[ $(complete -p fastthrift) != *" -o default "* ]] || exit 4
[[ $(complete -p fastthrift) =~ \ -F\ ([^ ]+)\ fastthrift$ ]] || exit 3
function=${BASH_REMATCH[1]}
for line in "$@"; do
    COMP_LINE=$line COMP_POINT=${#line} COMP_TYPE=9 COMP_KEY=9
    read -ra COMP_WORDS <<<"$line"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    "$function" fastthrift "${COMP_WORDS[COMP_CWORD]}" ""
    echo "${COMPREPLY[@]}"
done
"""


def test_commands_options_services_and_methods_are_completed(tmp_path: Path) -> None:
    (tmp_path / "shop.thrift").write_text(
        "service Shop { i32 find(1: i32 id), i32 buy() } service Other {} struct Item {}\n"
    )
    (tmp_path / "shop.txt").write_text("")
    (tmp_path / "shared").mkdir()
    (tmp_path / "broken.thrift").write_text("service {")
    lines = {
        "fastthrift br": "breaking",
        "fastthrift breaking --on": "--only",
        "fastthrift breaking --only w": "wire",
        "fastthrift breaking --except METHOD_RE": "METHOD_REMOVED METHOD_RESULT_CHANGED",
        # Thrift files and folders, where such are read; any file elsewhere; else nothing.
        "fastthrift check sh": "shared/ shop.thrift",
        "fastthrift stubs sh": "shared/ shop.thrift",
        "fastthrift stubs shop.thrift -o sh": "shared/",
        "fastthrift breaking --against main sh": "shared/ shop.thrift",
        "fastthrift json shop.thrift -o sh": "shared/ shop.thrift shop.txt",
        "fastthrift decode shop.thrift Sh": "Shop",
        "fastthrift decode shop.thrift It": "Item",
        "fastthrift decode shop.thrift sh": "",
        "fastthrift decode shop.thrift Shop sh": "shared/ shop.thrift shop.txt",
        "fastthrift decode --only sh": "",
        "fastthrift check --format sh": "",
        "fastthrift serve sh": "",
        "fastthrift serve app:Handler --idl shop.thrift --service O": "Other",
        "fastthrift serve app:Handler --service O": "",
        "fastthrift call sh": "",
        "fastthrift call tcp://host:1 sh": "shared/ shop.thrift",
        "fastthrift call tcp://host:1 shop.thrift sh": "",
        "fastthrift call tcp://host:1 shop.thrift Shop sh": "",
        "fastthrift call tcp://host:1 shop.thrift Shop find sh": "",
        "fastthrift call --timeout sh": "",
        "fastthrift call --ca sh": "shared/ shop.thrift shop.txt",
        "fastthrift call tcp://host:1 shop.thrift Sh": "Shop",
        "fastthrift call tcp://host:1 shop.thrift Shop f": "find",
        "fastthrift bench tcp://host:1 shop.thrift Shop bu": "buy",
        "fastthrift call tcp://host:1 broken.thrift Sh": "",
        "fastthrift nothing": "",
    }
    done = subprocess.run(
        ["bash", "--norc", "-c", PROGRAM, "bash", *lines],
        cwd=tmp_path,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = [" ".join(sorted(line.split())) for line in done.stdout.splitlines()]
    assert dict(zip(lines, told, strict=True)) == lines


def test_without_argcomplete_nothing_is_written_to_the_terminal() -> None:
    program = (
        "import sys\n"
        "sys.modules['argcomplete'] = None\n"
        "from fastthrift.cli import main\n"
        "main(['--version'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"_ARGCOMPLETE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
