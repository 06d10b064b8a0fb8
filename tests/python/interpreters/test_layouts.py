"""What the native code reads of Python's objects is compared, at import, with what they say."""

from __future__ import annotations

import os

import pytest
from support import children

#: Nothing is read past a public function that could be called.
PUBLIC_CALLS = bool(os.environ.get("FASTTHRIFT_PUBLIC_CALLS"))

#: Where an object of type ``type`` says how large its instances are, in bytes.
BASICSIZE = 32

CHANGED = """
import ctypes, sys, types

class Slotted:
    __slots__ = ("slot",)

kinds = {{
    "str": str,
    "int": int,
    "list": list,
    "builtin_function_or_method": types.BuiltinFunctionType,
    "member_descriptor": types.MemberDescriptorType,
}}
cls = kinds[{kind!r}]
size = ctypes.c_ssize_t.from_address(id(cls) + {BASICSIZE})
assert size.value == cls.__basicsize__
size.value += 8
try:
    import fastthrift
except ImportError as error:
    print(error)
"""


NEEDED = ["member_descriptor"]
READ_IF_KNOWN = ["str", "int", "list", "builtin_function_or_method"]


@pytest.mark.parametrize("kind", NEEDED if PUBLIC_CALLS else NEEDED + READ_IF_KNOWN)
def test_an_interpreter_with_other_objects_is_refused_by_name(kind: str) -> None:
    """In a process of its own, which has objects of that kind a word longer."""
    result = children.run("-c", CHANGED.format(kind=kind, BASICSIZE=BASICSIZE), text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert f"'{kind}'" in result.stdout
    assert "3.10 to 3.15" in result.stdout
    assert "this is 3." in result.stdout


if PUBLIC_CALLS:

    @pytest.mark.parametrize("kind", READ_IF_KNOWN)
    def test_public_calls_do_for_an_interpreter_with_other_objects(kind: str) -> None:
        result = children.run("-c", CHANGED.format(kind=kind, BASICSIZE=BASICSIZE), text=True)
        assert result.returncode == 0, result.stderr[-2000:]
        assert result.stdout == ""


@pytest.mark.skipif(PUBLIC_CALLS, reason="digits are not read")
def test_an_interpreter_with_other_digits_is_refused_by_name() -> None:
    """As CPython built with ``--enable-big-digits=15``."""
    code = (
        "import sys, types\n"
        "sys.int_info = types.SimpleNamespace(bits_per_digit=15, sizeof_digit=2)\n"
        "try: import fastthrift\n"
        "except ImportError as error: print(error)"
    )
    result = children.run("-c", code, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "'int'" in result.stdout
    assert "FASTTHRIFT_PUBLIC_CALLS=1" in result.stdout
