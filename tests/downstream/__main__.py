"""Runs the tests of packages that use thriftpy2, with it and with fastthrift in its place.

    python tests/downstream [SUITE ...]

Takes the wheel in dist/, the packages and their tests from PyPI, and makes an environment in
.venvs/downstream. Each suite runs twice, from the same source: under thriftpy2, and under
`python -m fastthrift.compat`. A test that ends otherwise under fastthrift, and is not in
`expected.py` with its reason, is an error, and so is a difference of that list that is none.
What fails under both is no difference; a suite of which too little passes is an error.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from expected import EXPECTED, reason
from suites import SUITES, Peer, Program, Suite

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VENV = ROOT / ".venvs" / "downstream"
PYTHON = VENV / "bin" / "python"
# Source archives, and what is unpacked of them.
ARCHIVES = ROOT / "target" / "downstream" / "archives"
WORK = ROOT / "target" / "downstream" / "work"

# How the two are run.
LIBRARIES = {"thriftpy2": (), "fastthrift": ("-m", "fastthrift.compat")}


def main(names: list[str]) -> int:
    known = [suite.name for suite in SUITES]
    if not set(names) <= set(known):
        sys.exit(f"the suites are {', '.join(known)}")
    suites = [suite for suite in SUITES if not names or suite.name in names]
    prepare(suites)
    problems = [problem for suite in suites for problem in compare(suite)]
    print("\nProblems:", *problems or ["none"], sep="\n")
    return int(bool(problems))


def compare(suite: Suite | Program) -> list[str]:
    """Runs a suite under both, and prints what differs; gives what is not as it should be."""
    print(f"\n== {suite.release}", flush=True)
    theirs, ours = run(suite, "thriftpy2"), run(suite, "fastthrift")
    expected = EXPECTED.get(suite.name, {})
    if differing(theirs, ours) - expected.keys():
        # Tests that give a server a fixed time fail on a machine that is busy.
        print("Once more, for there are differences that are not expected.", flush=True)
        for outcomes, library in ((theirs, "thriftpy2"), (ours, "fastthrift")):
            for test, outcome in run(suite, library).items():
                if outcomes.get(test) in BAD and outcomes[test] != outcome:
                    print(f"{library}: {test}: {outcomes[test]}, then {outcome}", flush=True)
                    outcomes[test] = outcome
    print(f"thriftpy2: {summary(theirs)}\nfastthrift: {summary(ours)}", flush=True)

    problems = []
    for test in sorted(differing(theirs, ours)):
        print(f"{test}: {difference(theirs.get(test), ours.get(test))}")
        print(f"    {reason(expected[test]) if test in expected else 'NOT EXPECTED'}")
        if test not in expected:
            problems.append(f"{suite.name}: {test}: a difference that is not in expected.py")
    for test in sorted(expected.keys() - differing(theirs, ours)):
        problems.append(f"{suite.name}: {test}: no difference, but expected.py has one")
    passing = sum(outcome not in BAD for outcome in theirs.values())
    if passing < suite.passing:
        problems.append(f"{suite.name}: {passing} pass under thriftpy2, not {suite.passing}")
    return problems


def differing(theirs: dict[str, str], ours: dict[str, str]) -> set[str]:
    """The tests with another outcome, or with one under one of them only."""
    return {test for test in theirs | ours if theirs.get(test) != ours.get(test)}


def prepare(suites: list[Suite | Program]) -> None:
    """Makes the environment, and fetches the sources."""
    wheels = list(ROOT.glob("dist/*.whl"))
    if not wheels:
        sys.exit("there is no wheel in dist/: run make wheel")
    for suite in suites:
        if isinstance(suite, Suite) and sys.version_info[:2] > suite.newest:
            newest = ".".join(map(str, suite.newest))
            sys.exit(
                f"{suite.release} is older than this Python: choose one with PYTHON, up to {newest}"
            )
    if not PYTHON.exists():
        subprocess.check_call([sys.executable, "-m", "venv", VENV])
    # The last setuptools with pkg_resources, and Cython: what the archives are built with.
    pip("install", "--upgrade", "pip", "setuptools<81", "wheel", "cython<4")
    # The last pytest that thriftpy2 asks for, and that has the fixtures of impyla.
    requirements = {"thriftpy2==0.7.1", "pytest>=8,<8.2", "pytest-timeout"}
    pip("install", *sorted(requirements.union(*(suite.requirements for suite in suites))))
    releases = [suite.release for suite in suites if isinstance(suite, Program)]
    if releases:
        pip("install", "--no-deps", *releases)
    pip("install", "--no-deps", "--force-reinstall", *map(str, wheels))
    ARCHIVES.mkdir(parents=True, exist_ok=True)
    for suite in suites:
        for release in sources_of(suite):
            if not archive_of(release):
                # Without an environment of its own for each build, which takes minutes.
                how = ("--no-deps", "--no-build-isolation", "--no-binary", ":all:")
                pip("download", *how, "--dest", str(ARCHIVES), release)
    for library in LIBRARIES:
        command = [PYTHON, *LIBRARIES[library], HERE / "programs" / "which.py"]
        name = subprocess.check_output(command, cwd=ROOT / "target", text=True).strip()
        if name != library:
            sys.exit(f"thriftpy2 is {name}, where it should be {library}")


def pip(*arguments: str) -> None:
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    subprocess.check_call(command)


def sources_of(suite: Suite | Program) -> tuple[str, ...]:
    return (suite.release,) if isinstance(suite, Suite) else suite.sources


def archive_of(release: str) -> Path | None:
    """The archive of a release, if it was fetched."""
    path = ARCHIVES / f"{release.replace('==', '-')}.tar.gz"
    return path if path.exists() else None


def unpack(release: str, directory: Path) -> Path:
    """The directory of a release's source."""
    archive = archive_of(release)
    assert archive is not None
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")
    return directory / release.replace("==", "-")


def run(suite: Suite | Program, library: str) -> dict[str, str]:
    """The outcome of each test under a library."""
    work = WORK / f"{suite.name}-{library}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    if isinstance(suite, Program):
        return run_program(suite, library, work)
    return run_tests(suite, library, work)


def run_tests(suite: Suite, library: str, work: Path) -> dict[str, str]:
    source = unpack(suite.release, work)
    directory = (source / suite.directory).rename(work / "run") if suite.directory else source
    # Not the configuration of this project, which is above.
    (directory / "pytest.ini").write_text("[pytest]\n")
    if suite.conftest:
        with (directory / "conftest.py").open("a") as conftest:
            conftest.write(suite.conftest)
    results = work / "results.xml"
    command = [
        *(PYTHON, *LIBRARIES[library], "-m", "pytest", *suite.tests, *suite.options),
        *("--quiet", "--tb=native", "--timeout=120", "-p", "no:cacheprovider"),
        *(f"--junitxml={results}", "-o", "junit_family=xunit1"),
    ]
    with contextlib.ExitStack() as stack:
        environment = dict(os.environ)
        if suite.peer:
            environment |= stack.enter_context(serve(suite.peer, source))
        output = stack.enter_context((work / "output.txt").open("w"))
        subprocess.run(command, cwd=directory, env=environment, stdout=output, stderr=output)
    if not results.exists():
        sys.exit(f"pytest gave no report:\n{(work / 'output.txt').read_text()}")
    return outcomes_in(results)


# From the worst on.
BAD = ("error", "failure", "skipped")


def outcomes_in(results: Path) -> dict[str, str]:
    """What became of each test, which is named as pytest names it.

    One with parameters has their number, for their names are those of classes, and some classes
    have one name where thriftpy2 has two.
    """
    found: dict[str, str] = {}
    times: Counter[str] = Counter()
    for case in ElementTree.parse(results).iter("testcase"):
        path, (name, bracket, _) = case.get("file", "?"), case.get("name", "?").partition("[")
        # The names of the file's module and of the class, if there is one.
        *_, owner = case.get("classname", "").split(".")
        test = "::".join([path, *([owner] if owner != Path(path).stem else []), name])
        times[test] += 1
        tags = {child.tag for child in case}
        outcome = next((outcome for outcome in BAD if outcome in tags), "passed")
        found[f"{test}[{times[test]}]" if bracket else test] = outcome
    return found


def run_program(program: Program, library: str, work: Path) -> dict[str, str]:
    for release in program.sources:
        unpack(release, work)
    command = [PYTHON, *LIBRARIES[library], HERE / "programs" / program.script, work]
    results: dict[str, str] = json.loads(subprocess.check_output(command, text=True))
    return results


def summary(found: dict[str, str]) -> str:
    values = list(found.values())
    words = ("passed", *reversed(BAD))
    counts = [f"{values.count(word)} {word}" for word in words if word in values]
    return ", ".join(counts) or f"{len(found)} results"


def difference(theirs: str | None, ours: str | None) -> str:
    """What to say of two outcomes, or of two texts."""
    if theirs is None or ours is None or "\n" not in theirs + ours:
        return f"{theirs}, here {ours}"
    lines = difflib.unified_diff(theirs.splitlines(), ours.splitlines(), lineterm="", n=0)
    return "\n    ".join(["", *lines])


@contextlib.contextmanager
def serve(peer: Peer, source: Path) -> Iterator[dict[str, str]]:
    """Runs a peer; gives the variable that says where it is."""
    # Any address of the loopback network will do. The port is the usual one: happybase's
    # tests cannot be told another (they pass the text of HAPPYBASE_PORT for a number).
    host = ".".join(["127", *(str(random.randrange(1, 255)) for _ in range(3))])
    command = [PYTHON, HERE / peer.script, source / peer.idl, host, str(peer.port)]
    process = subprocess.Popen(command)
    try:
        while True:
            try:
                socket.create_connection((host, peer.port)).close()
                break
            except ConnectionRefusedError:
                if process.poll() is not None:
                    sys.exit(f"{peer.script} does not start")
                time.sleep(0.05)
        yield {peer.variable: host}
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
