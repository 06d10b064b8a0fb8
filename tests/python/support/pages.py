"""The pages of the documentation, and the code in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]

# What a page names before its code is a file only if it ends as one: others are words of a text.
NAMED = r"^`([\w./]+\.(?:py|thrift|yaml|cfg|conf|sh))`[^\n]*\n\n"
BLOCK = re.compile(rf"(?:{NAMED})?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """The code of a page as (file name or "", language, text)."""
    return BLOCK.findall(page.read_text())
