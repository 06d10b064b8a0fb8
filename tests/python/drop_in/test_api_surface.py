"""Everything public in thriftpy2 is in fastthrift: the same modules, names, signatures, values.

The installed thriftpy2 is looked at, so nothing is listed here but what is different on purpose
(``differences.ABSENT``).
"""

from __future__ import annotations

import enum
import fnmatch
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest
import thriftpy2
from support.differences import ABSENT

# Cython does not tell the signatures of its types.
CYTHON_SIGNATURES = {
    "TCyBinaryProtocol": "(trans, strict_read=True, strict_write=True, decode_response=True, "
    "strict_decode=False, max_depth=64)",
    "TCyBufferedTransport": "(trans, buf_size=4096)",
    "TCyFramedTransport": "(trans, buf_size=4096)",
    "TCySaslClientTransport": "(sasl_client_factory, mechanism, trans)",
}


def module_names() -> list[str]:
    """The modules of thriftpy2 that can be imported here, as paths below the package."""
    paths = [""]
    for module in pkgutil.walk_packages(thriftpy2.__path__, "thriftpy2."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            # An optional dependency, aiohttp for example.
            if str(error.name).startswith("thriftpy2"):
                raise
        else:
            paths.append(module.name.removeprefix("thriftpy2"))
    return paths


def ours(path: str) -> ModuleType:
    return importlib.import_module("fastthrift" + path)


def theirs(path: str) -> ModuleType:
    return importlib.import_module("thriftpy2" + path)


def is_excepted(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in ABSENT)


def public(names: Any) -> Iterator[str]:
    return (name for name in sorted(names) if not name.startswith("_"))


def is_thriftpy2s(value: Any) -> bool:
    """Whether a name of a module is thriftpy2's own and not imported from elsewhere."""
    if isinstance(value, ModuleType):
        return value.__name__.startswith("thriftpy2")
    home = getattr(value, "__module__", None)
    if home is not None:
        return str(home).startswith("thriftpy2")
    # Constants, and functions of Cython.
    return isinstance(value, (int, float, str, bytes, tuple, list, dict, set, type(None))) or (
        callable(value) and not isinstance(value, type)
    )


def entries() -> Iterator[tuple[str, Any, str, str]]:
    """(dotted name, thriftpy2's object, module path, name) of every public name of a module."""
    for path in module_names():
        module = theirs(path)
        exported = set(getattr(module, "__all__", ()))
        for name in public(vars(module)):
            value = vars(module)[name]
            if name in exported or is_thriftpy2s(value):
                yield f"{path}.{name}".lstrip("."), value, path, name


ENTRIES = list(entries())


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """The public attributes that a class has from thriftpy2, and its constructor."""
    names: set[str] = set()
    for base in cls.__mro__:
        if base.__module__.startswith("thriftpy2"):
            names |= set(vars(base))
    for name in public(names):
        yield name, inspect.getattr_static(cls, name)


def signature(value: Any) -> inspect.Signature | None:
    """The signature as a caller sees it; None when nothing tells."""
    text = CYTHON_SIGNATURES.get(getattr(value, "__name__", ""))
    if isinstance(value, type) and text and value.__module__.startswith("thriftpy2"):
        namespace: dict[str, Any] = {}
        exec(f"def function{text}: pass", namespace)
        return inspect.signature(namespace["function"])
    try:
        return inspect.signature(value)
    except (TypeError, ValueError):
        return None


def comparable(default: Any) -> Any:
    """A default value in a form that is equal for both packages."""
    if isinstance(default, enum.Enum):
        return default.value
    if isinstance(default, (int, float, str, bytes, tuple, type(None), type)):
        return default
    return type(default).__name__.replace("TCy", "T")


def signature_problems(reference: inspect.Signature, subject: inspect.Signature) -> list[str]:
    """What calls written for `reference` would find different."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    mine = list(subject.parameters.values())
    kinds = {parameter.kind for parameter in mine}
    if set(variable) <= kinds:
        return []  # takes anything
    problems = []
    expected = list(reference.parameters.values())
    by_name = {parameter.name: parameter for parameter in mine}
    for position, parameter in enumerate(expected):
        if parameter.name.startswith("_"):
            continue
        if parameter.kind in variable:
            if parameter.kind not in kinds:
                problems.append(f"does not take {parameter}")
            continue
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            other = by_name.get(parameter.name)
        else:
            other = mine[position] if position < len(mine) else None
            if other is not None and other.kind not in positional:
                other = None
        if other is None or (
            other.name != parameter.name and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY
        ):
            problems.append(f"parameter {parameter.name} is {other}")
        elif (parameter.default is inspect.Parameter.empty) != (
            other.default is inspect.Parameter.empty
        ) or comparable(parameter.default) != comparable(other.default):
            problems.append(f"{parameter} is {other}")
    for parameter in mine[len(expected) :]:
        if parameter.default is inspect.Parameter.empty and parameter.kind not in variable:
            problems.append(f"needs {parameter} too")
    return problems


def without_self(value: Any) -> inspect.Signature | None:
    found = signature(value)
    if found is None:
        return None
    parameters = list(found.parameters.values())
    if parameters and parameters[0].name in ("self", "cls"):
        parameters = parameters[1:]
    return found.replace(parameters=parameters)


# A problem is the dotted name of what is different, and how.
Problem = tuple[str, str]


def compare_callables(name: str, reference: Any, subject: Any) -> list[Problem]:
    if not callable(subject):
        return [(name, "cannot be called")]
    expected, found = without_self(reference), without_self(subject)
    if expected is None or found is None:
        return []
    return [(name, problem) for problem in signature_problems(expected, found)]


def compare_classes(name: str, reference: type, subject: Any) -> list[Problem]:
    if not isinstance(subject, type):
        return [(name, "is no class")]
    problems = compare_callables(name, reference, subject)
    for builtin in (Exception, tuple, dict, list):
        if issubclass(reference, builtin) and not issubclass(subject, builtin):
            problems.append((name, f"is no {builtin.__name__}"))
    for member, value in members(reference):
        full = f"{name}.{member}"
        if not hasattr(subject, member):
            # Attributes of objects that Cython declares are members of the type.
            if not inspect.isdatadescriptor(value):
                problems.append((full, "is missing"))
        elif isinstance(value, (FunctionType, classmethod, staticmethod)):
            problems += compare_callables(
                full, getattr(reference, member), getattr(subject, member)
            )
        elif isinstance(value, (int, str, bytes, tuple)) and getattr(subject, member) != value:
            problems.append((full, f"is {getattr(subject, member)!r}, not {value!r}"))
    return problems


def compare(name: str, value: Any, path: str, attribute: str) -> list[Problem]:
    """What is different about one name of a module."""
    try:
        module = ours(path)
    except ModuleNotFoundError as error:
        return [(name, str(error))]
    if not hasattr(module, attribute):
        return [(name, "is missing")]
    subject = getattr(module, attribute)
    if isinstance(value, ModuleType):
        return [] if isinstance(subject, ModuleType) else [(name, "is no module")]
    if isinstance(value, type):
        return compare_classes(name, value, subject)
    if callable(value):
        return compare_callables(name, value, subject)
    constant = isinstance(value, (int, str, bytes, tuple)) and not name.startswith("__")
    if constant and subject != value:
        return [(name, f"is {subject!r}, not {value!r}")]
    return []


def missing_modules() -> list[str]:
    missing = []
    for path in module_names():
        try:
            ours(path)
        except ModuleNotFoundError:
            missing.append(path.lstrip("."))
    return missing


def test_every_module_exists():
    assert [name for name in missing_modules() if not is_excepted(name)] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry[0] for entry in ENTRIES])
def test_name(entry):
    """The name is there and the same, but for what the list of exceptions says of it."""
    assert [problem for problem in compare(*entry) if not is_excepted(problem[0])] == []


def test_every_exception_is_needed():
    different = {name for entry in ENTRIES for name, _ in compare(*entry)}
    different.update(missing_modules())
    assert [pattern for pattern in ABSENT if not fnmatch.filter(different, pattern)] == []


def test_every_exported_name_is_exported():
    for path in module_names():
        if is_excepted(path.lstrip(".")):
            continue
        exported = set(getattr(theirs(path), "__all__", ()))
        assert exported <= set(getattr(ours(path), "__all__", exported)), path


def test_the_comparison_notices_differences():
    def reference(a, b=1, *, c=2): ...

    def same(a, b=1, d=None, *, c=2): ...

    assert signature_problems(inspect.signature(reference), inspect.signature(same)) == []
    for other in (
        lambda a, *, c=2: None,
        lambda a, b=2, *, c=2: None,
        lambda b=1, a=None, *, c=2: None,
        lambda a, b=1: None,
        lambda a, b, *, c=2: None,
        lambda a, b=1, *, c=2, d: None,
    ):
        assert signature_problems(inspect.signature(reference), inspect.signature(other)) != []
    assert len(ENTRIES) > 300
