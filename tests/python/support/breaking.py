"""What `fastthrift breaking` finds between two texts, and what really happens between them."""

from __future__ import annotations

import io
import itertools
from typing import Any

import fastthrift
from fastthrift import _core
from fastthrift.protocol import TBinaryProtocolFactory, TCompactProtocolFactory

PROTOCOLS = {"binary": TBinaryProtocolFactory(), "compact": TCompactProtocolFactory()}
NUMBERS = itertools.count()


def rules(old: str, new: str) -> list[str]:
    """What is found, by rule."""
    before, after = (
        _core.load_schema("x.thrift", [], text=text.encode(), single=True) for text in (old, new)
    )
    return [found[0] for found in after.breaking(before)]


def category(rule: str) -> str:
    return {name: category for name, category, _ in _core.Schema.breaking_rules()}[rule]


def load(text: str, **options: Any) -> Any:
    return fastthrift.load_fp(io.StringIO(text), f"breaking_{next(NUMBERS)}_thrift", **options)


def sent(writer: Any, reader: Any, protocol: str, **fields: Any) -> dict[str, Any]:
    """The struct `S` of one side as the other side has it then."""
    message = fastthrift.encode(writer.S(**fields), PROTOCOLS[protocol])
    return fastthrift.to_dict(fastthrift.decode(reader.S, message, PROTOCOLS[protocol]))
