"""The signatures of the native module: what `inspect` finds, what the stub says, and what is taken
are the same."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastthrift import _core
from fastthrift.protocol.json import TJSONProtocol, TJSONProtocolFactory
from fastthrift.transport import TMemoryBuffer

STUBS = Path(__file__).parents[3] / "python" / "fastthrift"

#: Every class that has the options of a protocol or a transport.
CLASSES = [
    _core.TBinaryProtocol,
    _core.TBinaryProtocolFactory,
    _core.TCompactProtocol,
    _core.TCompactProtocolFactory,
    _core.TApacheJSONProtocol,
    _core.TApacheJSONProtocolFactory,
    _core.TFramedTransportFactory,
    TJSONProtocol,
    TJSONProtocolFactory,
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_options_have_the_defaults_that_their_signature_tells(cls: Any) -> None:
    parameters = inspect.signature(cls).parameters
    made = cls(TMemoryBuffer()) if "trans" in parameters else cls()
    told = {name: each.default for name, each in parameters.items() if name != "trans"}
    assert told
    assert {name: getattr(made, name) for name in told} == told


def test_protocols_of_json_have_the_same_options() -> None:
    signatures = [str(inspect.signature(cls)) for cls in CLASSES]
    # One of them has annotations.
    options = inspect.signature(TJSONProtocol).parameters
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in options.values()]
    assert str(inspect.Signature(bare)) == signatures[CLASSES.index(_core.TApacheJSONProtocol)]


def stubs() -> Iterator[tuple[str, ast.FunctionDef, bool]]:
    """The functions and initializers that the parts of the stub describe: a name, what stands
    there, and whether it is that of a class."""
    for path in sorted(STUBS.glob("_core_*.pyi")):
        body = ast.parse(path.read_text()).body
        # The last one of several is the most general.
        for node in {
            node.name: node for node in body if isinstance(node, ast.FunctionDef)
        }.values():
            yield node.name, node, False
        for node in body:
            if isinstance(node, ast.ClassDef) and hasattr(_core, node.name):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                        yield node.name, inner, True


def parameters_of(function: ast.FunctionDef) -> list[tuple[str, Any, Any]]:
    """The parameters that a stub tells: their names, kinds and defaults."""
    arguments, kinds = function.args, inspect.Parameter
    positional = [(each.arg, kinds.POSITIONAL_ONLY) for each in arguments.posonlyargs]
    positional += [(each.arg, kinds.POSITIONAL_OR_KEYWORD) for each in arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    told = list(zip(positional, [*defaults, *arguments.defaults], strict=True))
    if arguments.vararg is not None:
        told.append(((arguments.vararg.arg, kinds.VAR_POSITIONAL), None))
    named = [(each.arg, kinds.KEYWORD_ONLY) for each in arguments.kwonlyargs]
    told += zip(named, arguments.kw_defaults, strict=True)
    return [(name, kind, value_of(default)) for (name, kind), default in told]


def value_of(default: ast.expr | None) -> Any:
    if default is None:
        return inspect.Parameter.empty
    if isinstance(default, ast.Name):
        return getattr(_core, default.id)
    return ast.literal_eval(default)


def test_the_stub_has_the_signatures_of_the_native_module() -> None:
    compared = set()
    for name, function, is_class in stubs():
        try:
            found = inspect.signature(getattr(_core, name))
        except ValueError:
            continue  # nothing is told of it
        has = [(each.name, each.kind, each.default) for each in found.parameters.values()]
        told = parameters_of(function)[is_class:]
        assert told == has, name
        compared.add(name)
    assert {"to_json", "select", "frame_header", "load_schema", "TFramedTransport"} <= compared
    assert {cls.__name__ for cls in CLASSES[:6]} <= compared
