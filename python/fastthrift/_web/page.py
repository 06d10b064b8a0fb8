"""The page of a mount: its services, their methods and types, and a form for each method.

Everything is in one answer: no host is asked for anything, and the content security policy allows
nothing but the style and the script that are in it, and calls of the same site.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from fastthrift._calls.exchange import Answer
from fastthrift._core import TType
from fastthrift._plain import (
    INTEGERS,
    TEXTS,
    default_text,
    names_of,
    type_name,
    value_text,
)

# What a field of a form holds that is not written as JSON: see page.js.
# How deep an example of a value goes.
_EXAMPLE_DEPTH = 3


class _Type(NamedTuple):
    """A type: its number, and what more there is to say."""

    ttype: int
    info: Any = None


class _Field(NamedTuple):
    """A field of a struct, or an argument."""

    fid: int
    #: In the IDL, and so in JSON.
    name: str
    type: _Type
    required: bool
    #: What the IDL says of it; "" where that is nothing.
    doc: str


def shown(services: Mapping[str, Any], *, with_form: bool) -> Answer:
    """The page for services, by name; ``with_form`` is whether their methods can be called by
    JSON."""
    style, script = _part("page.css"), _part("page.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    content = _Content(services, with_form=with_form)
    title = escape(" and ".join(services))
    text = (
        _part("page.html")
        .replace("{style}", style)
        .replace("{script}", script)
        .replace("{title}", title)
        # The last, since it has texts of others.
        .replace("{content}", str(content))
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
    )
    return Answer(200, headers, text.encode())


@cache
def _part(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class _Content:
    """What is said of services, in HTML."""

    def __init__(self, services: Mapping[str, Any], *, with_form: bool) -> None:
        self._with_form = with_form
        # By class, its anchor, in the order in which they are met.
        self._anchors: dict[Any, str] = {}
        self._parts: list[str] = []
        # Those of hand-written services are not known.
        programs = [vars(each).get("__fastthrift_program__") for each in services.values()]
        self._files = [each for each in dict.fromkeys(programs) if each is not None]
        self._unions = {cls for each in self._files for cls in each.meta.get("unions", ())}
        for name, service in services.items():
            self._add_service(name, service)
        # They may be of types that nothing else is of.
        others = self._typedefs_and_constants()
        self._add_types()
        self._parts += others

    def __str__(self) -> str:
        return "\n".join(self._parts)

    def _add(self, text: str) -> None:
        self._parts.append(text)

    def _add_service(self, name: str, service: Any) -> None:
        self._add(f'<section class="service"><h2>{escape(name)}</h2>{_doc(service)}')
        for api in service.thrift_services:
            self._add_method(name, service, api)
        self._add("</section>")

    def _add_method(self, name: str, service: Any, api: str) -> None:
        args = getattr(service, f"{api}_args")
        result = getattr(service, f"{api}_result")
        fields = {field.name: field for field in _fields(result)}
        success = fields.pop("success", None)
        returned = "void" if success is None else self._link(success.type)
        if result.oneway:
            returned = f"oneway {returned}"
        arguments = list(_fields(args))
        given = ", ".join(f"{self._link(each.type)} {escape(each.name)}" for each in arguments)
        thrown = ", ".join(self._link(field.type) for field in fields.values())
        throws = f' <span class="throws">throws {thrown}</span>' if thrown else ""
        # What is said of arguments is beside their inputs, where there are any.
        told = [] if self._with_form else [(escape(each.name), each.doc) for each in arguments]
        told += [(f"throws {self._link(each.type)}", each.doc) for each in fields.values()]
        docs = "".join(
            f'<div class="told"><code>{what}</code>{_paragraph(doc)}</div>'
            for what, doc in told
            if doc
        )
        self._add(
            f'<details class="method" id="{escape(name)}.{escape(api)}">'
            f"<summary><b>{escape(api)}</b></summary>"
            f'<p class="signature"><code>{returned} <b>{escape(api)}</b>({given})'
            f"{throws}</code></p>"
            f"{_doc(args)}{docs}"
        )
        if self._with_form:
            defaults = {
                names_of(args)[attribute]: default_text(args, attribute)
                for attribute, value in args.default_spec
                if value is not None
            }
            self._add_form(name, api, arguments, defaults)
        self._add("</details>")

    def _add_form(
        self, name: str, api: str, arguments: Iterable[_Field], defaults: Mapping[str, str]
    ) -> None:
        where = escape(f"{name}/{api}")
        self._add(f'<form data-method="{where}" aria-label="Call {escape(api)}">')
        for argument in arguments:
            default = defaults.get(argument.name, "")
            self._add_input(f"{where}/{escape(argument.name)}", argument, default)
        self._add(
            '<button type="submit">Call</button>'
            '<p class="status" role="status" aria-live="polite"></p>'
            '<pre class="answer" tabindex="0" hidden></pre></form>'
        )

    def _add_input(self, anchor: str, argument: _Field, default: str) -> None:
        ttype, info = argument.type
        note = self._link(argument.type) + (", required" if argument.required else "")
        if default:
            note += f", default <code>{escape(default)}</code>"
        self._add(
            f'<p class="field"><label for="{anchor}">{escape(argument.name)}</label>'
            f'<span class="type">{note}</span>'
        )
        if argument.doc:
            self._add(f'<span class="doc" id="{anchor}/doc">{escape(argument.doc)}</span>')
        how = f'id="{anchor}" name="{escape(argument.name)}"'
        if argument.doc:
            how += f' aria-describedby="{anchor}/doc"'
        if default:
            how += " data-default"
        if argument.required and argument.type.ttype != TType.STRING:
            how += " required"
        names = getattr(info, "_VALUES_TO_NAMES", None)
        if names is not None or ttype == TType.BOOL:
            choices = ["false", "true"] if names is None else list(names.values())
            kind = "bool" if names is None else "enum"
            options = "".join(f"<option>{escape(choice)}</option>" for choice in choices)
            self._add(
                f'<select {how} data-kind="{kind}"><option value="">not sent</option>{options}'
                "</select>"
            )
        elif ttype in INTEGERS:
            self._add(f'<input {how} data-kind="whole" inputmode="numeric" autocomplete="off">')
        elif ttype == TType.DOUBLE:
            self._add(f'<input {how} data-kind="number" inputmode="decimal" autocomplete="off">')
        elif ttype in TEXTS:
            if ttype != TType.STRING:
                self._add(f'<input {how} data-kind="value" autocomplete="off">')
            else:
                self._add(f'<input {how} data-kind="text" autocomplete="off">')
        else:
            example = json.dumps(self._example(argument.type), indent=2, ensure_ascii=False)
            rows = min(12, example.count("\n") + 1)
            self._add(
                f'<textarea {how} data-kind="json" rows="{rows}" spellcheck="false">'
                f"\n{escape(example)}</textarea>"
            )
        self._add("</p>")

    def _add_types(self) -> None:
        # Those of the files that no method has come behind the others, as their files have them.
        for cls in (each for file in self._files for each in file.classes):
            if not hasattr(cls, "thrift_services"):
                self._anchor(cls)
        done: set[Any] = set()
        section: list[str] = []
        # Telling of one may bring others.
        while left := [cls for cls in self._anchors if cls not in done]:
            for cls in left:
                done.add(cls)
                section.append(self._told(cls))
        if section:
            self._add('<section class="types"><h2>Types</h2>' + "\n".join(section) + "</section>")

    def _told(self, cls: Any) -> str:
        head = (
            f'<article id="{self._anchors[cls]}"><h3><span class="kind">{self._kind(cls)}</span> '
            f"{escape(cls.__name__)}</h3>{_doc(cls)}"
        )
        values = getattr(cls, "_VALUES_TO_NAMES", None)
        if values is not None:
            docs = getattr(cls, "__fastthrift_docs__", {})
            rows = "".join(
                f"<tr><td>{number}</td><td>{escape(name)}{_paragraph(docs.get(name, ''))}</td></tr>"
                for number, name in values.items()
            )
        else:
            rows = "".join(
                f"<tr><td>{field.fid}</td><td>{escape(field.name)} "
                f'<span class="type">{self._link(field.type)}'
                f"{', required' if field.required else ''}</span>{_paragraph(field.doc)}</td></tr>"
                for field in _fields(cls)
            )
        return f'{head}<div class="wide"><table>{rows}</table></div></article>'

    def _typedefs_and_constants(self) -> list[str]:
        """What files define that is no class."""
        typedefs, constants = [], []
        for namespace in (file.namespace for file in self._files):
            docs = namespace.get("__fastthrift_docs__", {})
            for name, spec in namespace.get("__fastthrift_typedefs__", {}).items():
                typedefs.append(self._defined(name, spec, "", docs.get(name, "")))
            for name, spec in namespace.get("__fastthrift_consts__", {}).items():
                value = escape(value_text(spec, namespace[name]))
                constants.append(self._defined(name, spec, value, docs.get(name, "")))
        return [
            f'<section class="types"><h2>{title}</h2>{"".join(articles)}</section>'
            for title, articles in (("Typedefs", typedefs), ("Constants", constants))
            if articles
        ]

    def _defined(self, name: str, spec: Any, value: str, doc: str) -> str:
        shown_value = f'<pre class="value" tabindex="0">{value}</pre>' if value else ""
        return (
            f'<article><h3>{escape(name)} <span class="type">{self._link(_inner(spec))}</span></h3>'
            f"{_paragraph(doc)}{shown_value}</article>"
        )

    def _example(self, of: _Type, depth: int = 0) -> Any:
        """A value of a type, to be written over."""
        ttype, info = of
        names = getattr(info, "_VALUES_TO_NAMES", None)
        if names:
            return next(iter(names.values()))
        if ttype == TType.MAP:
            return {}
        if ttype in (TType.LIST, TType.SET):
            return [] if depth >= _EXAMPLE_DEPTH else [self._example(_inner(info), depth + 1)]
        if ttype == TType.STRUCT:
            fields = list(_fields(info))
            if self._kind(info) == "union":
                fields = fields[:1]
            if depth >= _EXAMPLE_DEPTH:
                fields = [field for field in fields if field.required] if depth < 10 else []
            return {field.name: self._example(field.type, depth + 1) for field in fields}
        if ttype == TType.BOOL:
            return False
        if ttype == TType.UTF8:
            return "00000000-0000-0000-0000-000000000000"
        return "" if ttype in TEXTS else 0

    def _anchor(self, cls: Any) -> str:
        return self._anchors.setdefault(cls, f"type-{len(self._anchors) + 1}")

    def _kind(self, cls: Any) -> str:
        return "union" if cls in self._unions else _kind(cls)

    def _link(self, of: _Type) -> str:
        """The name of a type, which leads to what is said of it."""
        ttype, info = of
        if ttype in (TType.LIST, TType.SET):
            word = "list" if ttype == TType.LIST else "set"
            return f"{word}&lt;{self._link(_inner(info))}&gt;"
        if ttype == TType.MAP:
            key, value = map(_inner, info)
            return f"map&lt;{self._link(key)}, {self._link(value)}&gt;"
        if info is None:
            return type_name((ttype, "", False))
        return f'<a href="#{self._anchor(info)}">{escape(info.__name__)}</a>'


def _fields(cls: Any) -> Iterator[_Field]:
    names = names_of(cls)
    docs = getattr(cls, "__fastthrift_docs__", {})
    for fid, (ttype, name, *info, required) in cls.thrift_spec.items():
        of = _Type(ttype, info[0] if info else None)
        yield _Field(fid, names[name], of, bool(required), docs.get(name, ""))


def _inner(element: Any) -> _Type:
    """The type of what a container has."""
    return _Type(*element) if isinstance(element, tuple) else _Type(element)


def _kind(cls: Any) -> str:
    if hasattr(cls, "_VALUES_TO_NAMES"):
        return "enum"
    if issubclass(cls, BaseException):
        return "exception"
    meta = getattr(sys.modules.get(cls.__module__), "__thrift_meta__", {})
    return "union" if cls in meta.get("unions", ()) else "struct"


def _doc(thing: Any) -> str:
    return _paragraph((vars(thing).get("__doc__") or "").strip())


def _paragraph(doc: str) -> str:
    return f'<p class="doc">{escape(doc)}</p>' if doc else ""
