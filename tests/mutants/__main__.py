"""Breaks each rule of docs/architecture.md in a copy of the tree, and demands that its tests fail.

``make mutants``, or with the beginnings of rules: ``make mutants ROWS='"a plan is dropped"'``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable
from pathlib import Path

from breaks import BREAKS
from page import CARGO_TEST, ROOT, Break, Test, rows, rule_of

HOME = ROOT / "target" / "mutants"
COPY = HOME / "tree"
NATIVE = f"python/fastthrift/_core{sysconfig.get_config_var('EXT_SUFFIX')}"
ENVIRONMENT = {
    **os.environ,
    "CARGO_TARGET_DIR": str(HOME / "target"),
    "PYO3_PYTHON": sys.executable,
    # Before what is installed for development, in the processes that tests start as well.
    "PYTHONPATH": str(COPY / "python"),
    "PYTHONDONTWRITEBYTECODE": "1",
}
# A test that never ends has failed too. The slowest takes a minute.
PATIENCE = 600
PYTEST = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", f"--timeout={PATIENCE}"]


class Failed(Exception):
    """Something is wrong with the break, not with what it breaks."""


def call(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=COPY, env=ENVIRONMENT, text=True, capture_output=True, timeout=6 * PATIENCE
    )


def need(*command: str) -> None:
    if (done := call(*command)).returncode:
        raise Failed(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def copy_tree() -> None:
    """What git knows or would add, with files kept that have not changed: cargo looks at times."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    wanted = {Path(name) for name in names.split("\0") if name and (ROOT / name).is_file()}
    for path in [path for path in COPY.rglob("*") if path.is_file()]:
        if path.relative_to(COPY) not in wanted:
            path.unlink()
    for name in wanted:
        source, target = ROOT / name, COPY / name
        if not target.exists() or source.read_bytes() != target.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def build() -> None:
    """The extension of the copy, as a development build."""
    need("cargo", "build", "--locked", "--quiet", "--lib", "--features", "python")
    built = HOME / "target" / "debug" / "libfastthrift.so"
    # A process that was started before keeps the old one.
    (COPY / NATIVE).unlink(missing_ok=True)
    shutil.copyfile(built, COPY / NATIVE)


def fails(test: Test) -> bool:
    """Whether a test fails; a process that dies or hangs is a failure, no test at all is none."""
    if test.is_native:
        done = call(*test.cargo())
        if "running 1 test" not in done.stdout:
            raise Failed(f"no test {test.name} in {test.file}\n{done.stdout}{done.stderr}")
        return done.returncode != 0
    # Its parameters one after the other, up to the first that fails.
    done = call(sys.executable, "-m", "pytest", *PYTEST, test.place())
    if done.returncode > 1:
        raise Failed(f"pytest {test.place()}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.returncode != 0


def compile_tests(tests: Iterable[Test]) -> None:
    for program in sorted({test.modules[0] for test in tests if test.is_native}):
        need(*CARGO_TEST, "--no-run", "--test", program)


def check_that_all_pass(tests: list[Test]) -> None:
    compile_tests(tests)
    build()
    by_program: dict[str, list[Test]] = {}
    for test in tests:
        if test.is_native:
            by_program.setdefault(test.modules[0], []).append(test)
    for same in by_program.values():
        done = call(*same[0].cargo(), *(test.cargo()[-1] for test in same[1:]))
        if done.returncode or f"{len(same)} passed" not in done.stdout:
            raise Failed(f"they fail without any break:\n{done.stdout}{done.stderr}")
    places = [test.place() for test in tests if not test.is_native]
    if places:
        need(sys.executable, "-m", "pytest", *PYTEST, *places)


def try_break(each: Break) -> list[Test]:
    """Break a rule; the tests that do not notice."""
    place = each.place()
    path = COPY / place.path.relative_to(ROOT)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(each.find, each.replace), encoding="utf-8")
    try:
        compile_tests(each.trips if path.suffix == ".rs" else ())
        if path.suffix == ".rs" and not all(test.is_native for test in each.trips):
            build()
        return [test for test in each.trips if not fails(test)]
    finally:
        path.write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", help="beginnings of rules; all of them")
    wanted = parser.parse_args().rules
    # Breaks of native code last: what they leave built is built anew then.
    chosen = [
        each
        for each in sorted(BREAKS, key=lambda each: each.place().path.suffix == ".rs")
        if not wanted or any(rule_of(each).startswith(rule) for rule in wanted)
    ]
    if not chosen:
        parser.error("no break of such a rule")
    copy_tree()
    start = time.monotonic()
    tests = sorted({test for each in chosen for test in each.trips}, key=str)
    print(f"{len(tests)} tests without a break", flush=True)
    check_that_all_pass(tests)
    unnoticed = 0
    for number, each in enumerate(chosen, 1):
        try:
            missed = try_break(each)
        except Failed as error:
            missed = list(each.trips)
            print(error)
        unnoticed += bool(missed)
        word = f"NOT NOTICED by {', '.join(map(str, missed))}" if missed else "noticed"
        print(f"[{number}/{len(chosen)}] {rule_of(each)}: {each.what}: {word}", flush=True)
    covered = {rule_of(each) for each in chosen}
    minutes = (time.monotonic() - start) / 60
    print(
        f"{len(chosen)} breaks of {len(covered)} of {len(rows())} rules in {minutes:.0f} minutes, "
        f"{unnoticed} not noticed"
    )
    return unnoticed != 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(str(error))
