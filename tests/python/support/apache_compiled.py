"""What Apache's compiler makes of a file for Python, imported."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType


def generate(
    idl: str, package: str, directory: Path, *services: str, style: str = "py"
) -> dict[str, ModuleType]:
    """The modules that the compiler writes: ``ttypes``, and one for each of the services.

    ``style`` is the generator with its options, such as ``py:slots``. ``package`` is imported from
    ``directory``, and stays so: no two tests may use one name.
    """
    source = directory / f"{package}.thrift"
    source.write_text(f"namespace py {package}\n{idl}")
    subprocess.run(
        ["thrift", "-nowarn", "--gen", style, "--out", str(directory), str(source)],
        check=True,
        capture_output=True,
    )
    sys.path.insert(0, str(directory))
    try:
        importlib.invalidate_caches()
        return {
            name: importlib.import_module(f"{package}.{name}") for name in ("ttypes", *services)
        }
    finally:
        sys.path.remove(str(directory))
