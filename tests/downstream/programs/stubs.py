"""Stubs that thrift-pyi writes for real .thrift files: `stubs.py DIRECTORY`, which has them."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import thriftpyi.main

OPTIONS: tuple[dict[str, bool], ...] = ({}, {"is_async": True}, {"strict_fields": True})


def main() -> None:
    root = Path(sys.argv[1])
    results = {}
    # Black, which formats the stubs, refuses some: a field without a default may come last there.
    thriftpyi.main.lint = lambda output_dir: None
    # It takes all files below a directory or none, and some of thriftpy2's tests have mistakes.
    thriftpyi.main.files.list_interfaces = lambda path: [Path(path)]
    for path in sorted(root.rglob("*.thrift")):
        stubs = [stub(path, options).replace(f"{root}/", "") for options in OPTIONS]
        results[str(path.relative_to(root))] = "\n".join(stubs)
    print(json.dumps(results))


def stub(path: Path, options: dict[str, bool]) -> str:
    """The stub, or the error."""
    with tempfile.TemporaryDirectory() as output:
        try:
            thriftpyi.main.thriftpyi(interfaces_dir=path, output_dir=Path(output), **options)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return Path(output, path.name).with_suffix(".pyi").read_text()


if __name__ == "__main__":
    main()
