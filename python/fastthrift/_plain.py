"""A method's arguments from plain data, and its answers as plain data.

What the command line and JSON over HTTP have in common: arguments come as a mapping, as JSON has
it, or as words, as a shell has them; a result or a declared exception goes as plain data or as
text. Enums are names or numbers, ``binary`` is base64, a map has text as keys::

    arguments = arguments_of_words(idl.Calculator, "add", ["40", "b=2"])   # {"a": 40, "b": 2}
    result = client.add(*arguments.values())
    print(text_of_result(idl.Calculator, "add", result))                   # 42
"""

from __future__ import annotations

import difflib
import json
import keyword
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastthrift._core import TYPES, TType, from_dict, to_dict
from fastthrift._payload import TPayload, TPayloadMeta
from fastthrift.protocol.exc import TMalformedDataException, TProtocolException

#: Types that a number says all of, as the IDL spells them.
TYPE_NAMES = {ttype: word for ttype, (word, _, python) in TYPES.items() if python is not None}

#: Types whose values are text in plain data, and those of whole numbers.
TEXTS = tuple(ttype for ttype, (*_, python) in TYPES.items() if python in {"str", "bytes", "UUID"})
INTEGERS = tuple(ttype for ttype, (*_, python) in TYPES.items() if python == "int")

_BOOLS = {"true": True, "false": False, "1": True, "0": False}

# Of `from_dict`'s texts, what is for programs.
_FOR_PROGRAMS = '; unknown="ignore" passes over it'

# Characters of a number in the text of an error.
_LONGEST_NUMBER = 40

_NAMED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


class WrongArguments(ValueError):
    """Arguments that a method does not take; the text says which, and what it takes."""


class TooLarge(ValueError):
    """A number that no ``double`` can be."""


class UnknownMethod(ValueError):
    """A method that a service does not have; the text names the nearest, and all of them."""


# Services and methods


def methods_of(service: Any) -> list[str]:
    """The names of the methods of a service, inherited ones too."""
    return list(service.thrift_services)


def require_method(service: Any, method: str) -> str:
    """The method, if the service has it; raises `UnknownMethod` otherwise."""
    methods = methods_of(service)
    if method in methods:
        return method
    raise UnknownMethod(
        f"{service.__name__} has no method {method!r}{did_you_mean(method, methods)}; "
        f"its methods are: {', '.join(methods) or 'none'}"
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` (did you mean 'add'?)``, or nothing where no name is near."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""


def signature(service: Any, method: str) -> str:
    """How a method is called and what it answers: ``add(1: i32 a, 2: i32 b = 0) -> i32``, with
    ``throws Bad`` where it declares exceptions. Raises `UnknownMethod`."""
    require_method(service, method)
    args = _args_class(service, method)
    defaults, names = dict(args.default_spec), names_of(args)
    parameters = []
    for number, field in args.thrift_spec.items():
        default, name = defaults.get(field[1]), names[field[1]]
        shown = "" if default is None else f" = {default_text(args, field[1])}"
        parameters.append(f"{number}: {type_name(field)} {name}{shown}")
    text = f"{method}({', '.join(parameters)}) -> {result_type(service, method)}"
    declared = [each.__name__ for each in declared_by(service, method)]
    return f"{text} throws {', '.join(declared)}" if declared else text


def result_type(service: Any, method: str) -> str:
    """The type that a method answers with: ``void`` and ``oneway`` where it has no value."""
    result = _result_class(service, method)
    if result.oneway:
        return "oneway"
    return type_name(result.thrift_spec[0]) if 0 in result.thrift_spec else "void"


def declared_by(service: Any, method: str) -> list[type[BaseException]]:
    """The exceptions that a method declares, in the order of the IDL."""
    spec = _result_class(service, method).thrift_spec
    return [field[2] for number, field in spec.items() if number != 0]


def names_of(cls: Any) -> dict[str, str]:
    """The fields of a struct as the IDL and plain data name them, by the attributes that they are
    in Python: ``from`` by ``from_``."""
    attributes = [field[1] for field in cls.thrift_spec.values()]
    if not any(each.endswith("_") for each in attributes):
        return {each: each for each in attributes}
    try:
        # In the order of the IDL, as the spec is: what the file itself calls `from_` stays so.
        return dict(zip(attributes, to_dict(cls(), unset="null"), strict=True))
    except TMalformedDataException:
        # A union, of which none without a field is plain data.
        names = (each.rstrip("_") for each in attributes)
        return {
            each: name if keyword.iskeyword(name) else each
            for each, name in zip(attributes, names, strict=True)
        }


def type_name(field: Sequence[Any]) -> str:
    """The type of a field of a ``thrift_spec``, as the IDL spells it."""
    return spelled(field[0], field[2] if len(field) == 4 else None)


def spelled(ttype: int, inner: Any) -> str:
    """A type of a ``thrift_spec``, given as its number and what that needs to say all."""
    if ttype == TType.MAP:
        return f"map<{_element(inner[0])}, {_element(inner[1])}>"
    if ttype in (TType.LIST, TType.SET):
        return f"{'list' if ttype == TType.LIST else 'set'}<{_element(inner)}>"
    if inner is not None:
        return str(inner.__name__)
    return TYPE_NAMES[ttype]


def _element(spec: Any) -> str:
    """The type of an element of a container, which is a number where that says all."""
    return spelled(*spec) if isinstance(spec, tuple) else spelled(spec, None)


def _args_class(service: Any, method: str) -> Any:
    return getattr(service, f"{method}_args")


def _result_class(service: Any, method: str) -> Any:
    return getattr(service, f"{method}_result")


def default_text(args: Any, attribute: str) -> str:
    """The default of an argument as JSON, as it could be given; as Python shows it where it is
    none that could be sent."""
    holder = args()
    for each, _ in args.default_spec:
        if each != attribute:
            setattr(holder, each, None)
    try:
        (value,) = _to_plain(holder).values()
    except TProtocolException:
        return repr(getattr(holder, attribute))
    return json.dumps(value, ensure_ascii=False)


def value_text(spec: Any, value: Any) -> str:
    """A value as JSON, of a type as ``thrift_spec`` has that of an element of a container; as
    Python shows it where it is none that could be sent, as a union of two fields is."""
    parts = spec if isinstance(spec, tuple) else (spec,)
    field = (parts[0], "value", *parts[1:], False)
    attributes = {"thrift_spec": {1: field}, "default_spec": [("value", None)]}
    holder: Any = TPayloadMeta("Value", (TPayload,), attributes)()
    holder.value = value
    try:
        return json_text(_to_plain(holder)["value"])
    except TProtocolException:
        return repr(value)


# Arguments


def arguments_from(service: Any, method: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call from plain data, all of them by their names in Python in the order
    of the IDL.

    ``client.method(*arguments.values())`` makes the call, ``handler.method(*arguments.values())``
    serves it. Null is an argument that is not set; one that is left out has its default, and has
    to be there where it has none.
    Raises `UnknownMethod`, and `WrongArguments`, which names the path of what is wrong.
    """
    require_method(service, method)
    args = _args_class(service, method)
    attributes = names_of(args)
    names = list(attributes.values())
    for name in values:
        if name not in names:
            raise WrongArguments(
                f"{method}() has no argument {name!r}{did_you_mean(str(name), names)}; "
                f"it is {signature(service, method)}"
            )
    defaults = {attributes[each] for each, value in args.default_spec if value is not None}
    if missing := [name for name in names if name not in values and name not in defaults]:
        raise WrongArguments(
            f"{method}() lacks {', '.join(missing)}; it is {signature(service, method)}"
        )
    try:
        filled = from_dict(args, values)
    except TMalformedDataException as error:
        text = str(error).replace(_FOR_PROGRAMS, "")
        raise WrongArguments(f"{method}(): {text}; it is {signature(service, method)}") from None
    return {each: getattr(filled, each) for each in attributes}


def arguments_of_words(service: Any, method: str, words: Sequence[str]) -> dict[str, Any]:
    """The arguments of a call from words as a shell has them, as `arguments_from` gives them.

    A word is the value of the next argument, or ``name=value``. Text and enums are as they are,
    ``bool`` is ``true`` or ``false``, ``binary`` is base64; structs and containers are JSON. A
    word ``null`` leaves out what is no text.
    """
    require_method(service, method)
    args = _args_class(service, method)
    names = names_of(args)
    fields = [(field[0], names[field[1]], *field[2:]) for field in args.thrift_spec.values()]
    by_name = {field[1]: field for field in fields}
    values: dict[str, Any] = {}
    for position, word in enumerate(words):
        field = fields[position] if position < len(fields) else None
        name, text = _named(word, by_name, field)
        if name is None and field is not None and len(values) == position:
            name = field[1]
        if name is None:
            what = "follows one with a name" if len(values) < len(fields) else "is one too many"
            raise WrongArguments(
                f"{method}(): the value {word!r} {what}; it is {signature(service, method)}"
            )
        if name in values:
            raise WrongArguments(f"{method}() has {name} twice")
        if name in by_name:
            values[name] = _value(method, by_name[name], text)
        else:
            values[name] = text  # `arguments_from` says that there is no such one
    return arguments_from(service, method, values)


def _named(word: str, by_name: Mapping[str, Any], field: Any) -> tuple[str | None, str]:
    """The name of a word, where it has one, and its value."""
    match = _NAMED.fullmatch(word)
    if match is None:
        return None, word
    name, text = match.groups()
    # Text may be like `name=value` by itself, but not where that looks like a slip.
    is_text = field is not None and field[0] in TEXTS and len(field) == 3
    if name not in by_name and is_text and not did_you_mean(name, by_name):
        return None, word
    return name, text


def _value(method: str, field: Any, text: str) -> Any:
    """The plain data of a word."""
    ttype = field[0]
    is_enum = len(field) == 4 and ttype not in (TType.STRUCT, TType.MAP, TType.LIST, TType.SET)
    if ttype in TEXTS:
        return text
    if text == "null":
        return None
    try:
        if is_enum:
            return int(text) if re.fullmatch(r"[+-]?\d+", text) else text
        if ttype == TType.BOOL:
            return _BOOLS[text.lower()]
        if ttype in INTEGERS:
            return int(text, 0) if text.lstrip("+-")[:2].lower() == "0x" else int(text)
        if ttype == TType.DOUBLE:
            # `inf` is meant, `1e400` is not.
            return finite(text) if any(map(str.isdigit, text)) else float(text)
    except TooLarge as error:
        raise WrongArguments(f"{method}(): {field[1]}: {error}") from None
    except (KeyError, ValueError):
        raise WrongArguments(
            f"{method}(): {field[1]}: expected {_expected(ttype)}, found {text!r}"
        ) from None
    try:
        return json.loads(text, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise WrongArguments(
            f"{method}(): {field[1]}: expected {type_name(field)} as JSON: {error}"
        ) from None


def finite(text: str) -> float:
    """A number of JSON, or of a word, as a ``double``; raises `TooLarge` where Python would make
    an infinity of it."""
    number = float(text)
    if math.isinf(number):
        raise TooLarge(
            f"{text if len(text) <= _LONGEST_NUMBER else text[:_LONGEST_NUMBER] + '...'} is more "
            "than a double holds"
        )
    return number


def _expected(ttype: int) -> str:
    if ttype == TType.BOOL:
        return "true or false"
    return "a number" if ttype == TType.DOUBLE else "an integer"


# Answers


def result_to_plain(service: Any, method: str, value: Any) -> Any:
    """The result of a call as plain data, which `json` writes; None of a method without one.

    Raises ``TDecodeException`` for a value that does not fit the method's type.
    """
    result = _result_class(service, method)
    if value is None or 0 not in result.thrift_spec:
        return None
    holder = result()
    holder.success = value
    return _to_plain(holder)["success"]


def error_to_plain(error: BaseException) -> dict[str, Any]:
    """A declared exception as plain data: ``{"type": "Bad", "fields": {"why": "..."}}``."""
    return {"type": type(error).__name__, "fields": _to_plain(error)}


def text_of_result(service: Any, method: str, value: Any) -> str:
    """The result of a call for people: text, numbers and names as they are, other things as
    JSON; nothing of a method without a result."""
    plain = result_to_plain(service, method, value)
    if plain is None:
        return "" if 0 not in _result_class(service, method).thrift_spec else "null"
    is_word = isinstance(plain, str) or (isinstance(plain, float) and not math.isfinite(plain))
    return str(_with_numbers(plain)) if is_word else json_text(plain)


def text_of_error(error: BaseException) -> str:
    """A declared exception in one line: ``Bad: why="no", code=3``."""
    fields = ", ".join(
        f"{name}={json_text(value, indent=None)}" for name, value in _to_plain(error).items()
    )
    name = type(error).__name__
    return f"{name}: {fields}" if fields else name


def json_text(plain: Any, *, indent: int | None = 2) -> str:
    """Plain data as JSON text. JSON has no NaN and no infinities: those are the texts ``NaN``,
    ``Infinity`` and ``-Infinity``, as in Apache's protocol."""
    try:
        return json.dumps(plain, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_with_numbers(plain), ensure_ascii=False, indent=indent)


def _with_numbers(plain: Any) -> Any:
    """Plain data with texts in place of what is no number of JSON."""
    if isinstance(plain, dict):
        return {key: _with_numbers(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_with_numbers(each) for each in plain]
    if isinstance(plain, float) and not math.isfinite(plain):
        return json.dumps(plain)
    return plain


def _to_plain(payload: Any) -> dict[str, Any]:
    return to_dict(payload, enums="name", binary="base64", keys="str")
