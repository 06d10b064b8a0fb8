"""What annotations name is there when a program asks: `typing.get_type_hints`."""

from __future__ import annotations

import importlib
import inspect
import io
import os
from collections.abc import Iterator
from typing import Any, get_type_hints

import fastthrift
import pytest

#: Modules with names of programs' own use.
MODULES = [
    "fastthrift",
    "fastthrift.asgi",
    "fastthrift.contrib.aio.client",
    "fastthrift.contrib.aio.http",
    "fastthrift.contrib.aio.pool",
    "fastthrift.contrib.aio.processor",
    "fastthrift.contrib.aio.rpc",
    "fastthrift.contrib.aio.server",
    "fastthrift.contrib.aio.socket",
    "fastthrift.contrib.apache",
    "fastthrift.contrib.django",
    "fastthrift.contrib.flask",
    "fastthrift.contrib.gunicorn",
    "fastthrift.contrib.otel",
    "fastthrift.contrib.tracking",
    "fastthrift.hook",
    "fastthrift.hooks",
    "fastthrift.http",
    "fastthrift.parser",
    "fastthrift.pool",
    "fastthrift.protocol",
    "fastthrift.protocol.exc",
    "fastthrift.rpc",
    "fastthrift.server",
    "fastthrift.testing",
    "fastthrift.thrift",
    "fastthrift.transport",
    "fastthrift.typing",
    "fastthrift.urls",
    "fastthrift.utils",
    "fastthrift.wsgi",
]


def public(module: Any) -> Iterator[tuple[str, Any]]:
    """The classes and functions of a module that are not of one with an underscore alone."""
    listed = getattr(module, "__all__", ())
    for name in {*listed, *(name for name in vars(module) if not name.startswith("_"))}:
        thing = getattr(module, name)
        if not inspect.isclass(thing) and not inspect.isfunction(thing):
            continue
        home = thing.__module__ or ""
        if home.startswith("fastthrift") and (name in listed or "._" not in home):
            yield name, thing


@pytest.mark.parametrize("name", MODULES)
def test_the_hints_of_public_classes_and_functions_are_there(name: str) -> None:
    found = dict(public(importlib.import_module(name)))
    assert found
    failed = {}
    for each, thing in found.items():
        try:
            get_type_hints(thing)
        except (NameError, TypeError) as error:
            failed[each] = error
    assert not failed


def test_the_hints_of_what_was_loaded_are_there_and_those_of_subclasses() -> None:
    module = fastthrift.load_fp(
        io.StringIO("""
            struct Point { 1: i32 x }
            union Either { 1: i32 x }
            exception Refused { 1: string why }
            service Points { Point find(1: i32 x) throws (1: Refused refused) }
        """),
        "hints_thrift",
    )
    args, result = module.Points.find_args, module.Points.find_result
    for cls in (module.Point, module.Either, module.Refused, module.Points, args, result):
        assert get_type_hints(cls) == {}

    class Named(module.Point):  # type: ignore[misc, name-defined]
        """A class of a program."""

        name: str = ""

    assert get_type_hints(Named) == {"name": str}


def test_hints_say_what_is_taken() -> None:
    hints = get_type_hints(fastthrift.load_module)
    assert hints["fullname"] is str
    hints = get_type_hints(fastthrift.parser.parse)
    assert hints["module_name"] == str | None
    path = get_type_hints(fastthrift.load)["path"]
    assert {str, os.PathLike[str]} <= set(path.__args__)
