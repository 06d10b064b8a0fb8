"""Every IDL fixture against two oracles: Apache's compiler and thriftpy2.

Of each file in ``tests/idl/good`` and ``tests/idl/bad`` both are asked whether they take it, and
where they do, what it means: the compiler writes its model (``thrift --gen json``), thriftpy2 makes
a module.  Both are compared with ours, field by field.  Where an oracle is of another mind, the
fixture says so and why, in a line comment of one of these forms::

    // apache refuses: it has no integers beyond 64 bits
    // apache before 0.18 refuses: it has no type uuid
    // thriftpy2 differs at A.default_spec: sets are sets

The verbs are ``accepts``, ``refuses``, ``hangs``, ``cannot say`` (it takes the file, but what it
writes is broken) and ``differs at PATH``.  A comment that is no longer true fails the test.
"""

from __future__ import annotations

import functools
import json
import re
import resource
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastthrift.parser.parser
import pytest
import thriftpy2.parser.parser
from fastthrift import _core
from fastthrift.parser.exc import ThriftParserError
from support.described import described
from support.idl_writer import Writer

IDL = Path(__file__).parents[2] / "idl"
INCLUDES = str(IDL / "include")
GOOD = sorted((IDL / "good").glob("*.thrift"))
BAD = sorted((IDL / "bad").glob("*.thrift"))

_REMARK = re.compile(
    r"(?://|#) (?P<oracle>apache|thriftpy2)(?: before (?P<before>[0-9.]+))? "
    r"(?P<verb>accepts|refuses|hangs|cannot say|differs at (?P<path>[^:]+)): (?P<reason>\S.*)"
)


@dataclass(frozen=True)
class Remarks:
    """What a fixture says of an oracle."""

    verdict: str | None
    differences: frozenset[str]


def remarks(path: Path, oracle: str) -> Remarks:
    verdict = None
    differences = set()
    for line in path.read_bytes().decode("utf-8-sig", "replace").splitlines():
        found = _REMARK.fullmatch(line)
        if line.startswith(("// apache", "# apache", "// thriftpy2 ", "# thriftpy2 ")):
            assert found or ": " not in line, f"not understood: {line}"
        if not found or found["oracle"] != oracle:
            continue
        if found["before"] and compiler_version() >= _version(found["before"]):
            continue
        if found["path"]:
            differences.add(found["path"])
        else:
            assert verdict is None, f"{path.name} says twice what {oracle} does"
            verdict = found["verb"]
    return Remarks(verdict, frozenset(differences))


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


@functools.cache
def compiler_version() -> tuple[int, ...]:
    shown = subprocess.run(["thrift", "--version"], capture_output=True, text=True, check=True)
    return _version(shown.stdout.split()[-1])


def different(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """The paths at which two models differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in {**ours, **theirs}:
            inner = f"{path}.{key}" if path else str(key)
            if key in ours and key in theirs:
                yield from different(ours[key], theirs[key], inner)
            else:
                yield inner
    elif isinstance(ours, (list, tuple)) and type(ours) is type(theirs):
        if len(ours) != len(theirs):
            yield f"{path}.length"
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from different(mine, other, f"{path}.{index}")
    elif ours != theirs:
        yield path


def check_differences(path: Path, oracle: str, ours: Any, theirs: Any) -> None:
    said = remarks(path, oracle).differences
    needed = set()
    for place in different(ours, theirs):
        covering = {prefix for prefix in said if f"{place}.".startswith(f"{prefix}.")}
        assert covering, f"{oracle} differs at {place}"
        needed |= covering
    assert said == needed, "no longer different"


# --- Apache's compiler


def _limit_processor_time() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (5, 10))


def compile_to_json(path: Path, directory: Path) -> tuple[str, str]:
    """What the compiler does with a file, and what it writes."""
    command = ["thrift", "--gen", "json", "-I", INCLUDES, "-out", str(directory), str(path)]
    # Time of the processor and not of the clock: on a busy machine it only waits.
    done = subprocess.run(command, capture_output=True, preexec_fn=_limit_processor_time)
    if done.returncode == -signal.SIGXCPU:
        return "hangs", ""
    if done.returncode:
        return "refuses", (done.stderr + done.stdout).decode("utf-8", "replace")
    written = directory / f"{path.stem}.json"
    return "accepts", written.read_text("utf-8", "replace")


def our_json(path: Path) -> Any:
    schema = _core.load_schema(path, [INCLUDES])
    return json.loads(schema.json(len(schema.files) - 1))


def by_name(model: Any) -> Any:
    """A model in a form that is the same for both sides, its named things by their names."""
    if isinstance(model, list):
        items = [by_name(item) for item in model]
        if items and all(isinstance(item, dict) and "name" in item for item in items):
            names = [item.pop("name") for item in items]
            return {"order": names, **dict(zip(names, items, strict=True))}
        return items
    if isinstance(model, dict):
        result = {key: by_name(value) for key, value in model.items()}
        # Compilers before this one write enums as i32.
        for key in ("typeId", "elemTypeId", "keyTypeId", "valueTypeId", "returnTypeId"):
            if result.get(key) == "enum":
                result[key] = "i32"
        for key in ("type", "elemType", "keyType", "valueType", "returnType"):
            full = result.get(key)
            if isinstance(full, dict) and full.get("typeId") == "i32":
                del result[key]
        if isinstance(result.get("doc"), str):
            result["doc"] = result["doc"].rstrip()
        return result
    if isinstance(model, float):
        return float(f"{model:.15g}")
    return model


def definitions(model: Any) -> Any:
    model.pop("doc", None)  # of the file
    return {kind: by_name(members) for kind, members in model.items()}


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_file_means_what_apaches_compiler_says(path: Path, tmp_path: Path) -> None:
    ours = our_json(path)
    said = remarks(path, "apache")
    verdict, written = compile_to_json(path, tmp_path)
    if said.verdict == "cannot say":
        assert verdict == "accepts"
        with pytest.raises(json.JSONDecodeError):
            json.loads(written)
        return
    assert verdict == (said.verdict or "accepts"), written
    if verdict == "accepts":
        check_differences(path, "apache", definitions(ours), definitions(json.loads(written)))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_as_by_apaches_compiler(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ThriftParserError):
        _core.load_schema(path, [INCLUDES])
    verdict, written = compile_to_json(path, tmp_path)
    assert verdict == (remarks(path, "apache").verdict or "refuses"), written


# --- thriftpy2


def loaded(library: Any, path: Path) -> Any:
    """The module of a file; without the cache, since what a file is called depends on who asked
    for it first."""
    parser = library.parser.parser
    return parser.parse(str(path), include_dirs=[INCLUDES], enable_cache=False)


def verdict_of_thriftpy2(path: Path) -> tuple[str, Any]:
    try:
        return "accepts", loaded(thriftpy2, path)
    except Exception as error:  # it raises whatever Python raises where it goes wrong
        return "refuses", error


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_file_gives_the_module_that_thriftpy2_makes(path: Path) -> None:
    ours = loaded(fastthrift, path)
    verdict, theirs = verdict_of_thriftpy2(path)
    assert verdict == (remarks(path, "thriftpy2").verdict or "accepts"), repr(theirs)
    if verdict == "accepts":
        check_differences(path, "thriftpy2", described(ours), described(theirs))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_as_by_thriftpy2(path: Path) -> None:
    with pytest.raises(ThriftParserError):
        loaded(fastthrift, path)
    verdict, _ = verdict_of_thriftpy2(path)
    assert verdict == (remarks(path, "thriftpy2").verdict or "refuses")


# --- files that are written at random


@pytest.mark.parametrize("seed", range(12))
def test_generated_files_mean_the_same_to_all(seed: int, tmp_path: Path) -> None:
    path = tmp_path / f"generated_{seed}.thrift"
    path.write_text(Writer(seed).write(definitions=60), encoding="utf-8")
    check_agreement(path, tmp_path)


def test_a_large_file_means_the_same_to_all(tmp_path: Path) -> None:
    path = tmp_path / "large.thrift"
    path.write_text(Writer(0).write(definitions=1400), encoding="utf-8")
    assert len(path.read_text("utf-8").splitlines()) > 8000
    check_agreement(path, tmp_path)


def check_agreement(path: Path, directory: Path) -> None:
    verdict, written = compile_to_json(path, directory)
    assert verdict == "accepts", written
    check_differences(path, "apache", definitions(our_json(path)), definitions(json.loads(written)))
    verdict, theirs = verdict_of_thriftpy2(path)
    assert verdict == "accepts", repr(theirs)
    check_differences(path, "thriftpy2", described(loaded(fastthrift, path)), described(theirs))
