"""Python processes of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent


def environment() -> dict[str, str]:
    """The environment of a child that imports the helpers of the tests."""
    paths = [str(TESTS), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[Any]:
    """Run this interpreter with `arguments` and catch what it prints."""
    return subprocess.run(
        [sys.executable, *arguments], env=environment(), capture_output=True, timeout=600, **options
    )
