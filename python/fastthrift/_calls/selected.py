"""Calls whose results have some fields only: what else a reply holds is passed over.

The service is another one to the client then, whose results say which of their fields they have
(``__fastthrift_only__``): plans are compiled from that, so that every way of reading keeps to it.
"""

from __future__ import annotations

import copy

from fastthrift._core import TType, select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def with_fields(service: Any, paths: tuple[str, ...]) -> Any:
    """A service with those methods of another whose results have fields at ``paths``.

    Raises ``ValueError`` where no method's result has them, with what is wrong for the one that has
    most of them, and where no path is given; ``TypeError`` for what is no path.
    """
    if not paths:
        raise ValueError('no field is named: give names of fields, as "name" or "people.age"')
    results = {}
    refused = []
    for api in service.thrift_services:
        result = getattr(service, api + "_result")
        fields = {field[1]: field for field in result.thrift_spec.values()}
        success = fields.pop("success", None)
        cls = None if success is None else _struct_in(success[0], *success[2:-1])
        if cls is None:
            continue
        # Exceptions are read as they are.
        only = (*(f"success.{path}" for path in paths), *fields)
        try:
            select(result, *only)
        except ValueError:
            refused.append(cls)
            continue
        results[api] = type(
            result.__name__, (result,), {"__fastthrift_only__": only, "__slots__": ()}
        )
    if not results:
        raise ValueError(
            f"no method of {service.__name__} answers with such fields{_why(refused, paths)}"
        )
    attributes = {f"{api}_result": result for api, result in results.items()}
    return type(service)(
        service.__name__,
        (service,),
        {"__module__": service.__module__, "thrift_services": list(results), **attributes},
    )


def _struct_in(ttype: int, inner: Any = None) -> Any:
    """The class of the structs that a value is or has in it, or None: keys of maps are no part of
    a selection."""
    while ttype in (TType.LIST, TType.SET, TType.MAP):
        described = inner[1] if ttype == TType.MAP else inner
        ttype, inner = described if isinstance(described, tuple) else (described, None)
    return inner if ttype == TType.STRUCT else None


def _why(refused: list[Any], paths: tuple[str, ...]) -> str:
    """What `select` says of the class that has most of what is named, the first one of several."""
    most, why = -1, ""
    for cls in refused:
        try:
            select(cls, *paths)
        except ValueError as error:
            found = _names_found(cls, paths)
            if found > most:
                most, why = found, f": {error}"
    return why


def _names_found(cls: Any, paths: tuple[str, ...]) -> int:
    """How many names of the paths a class has, before one that it has not."""
    found = 0
    for path in paths:
        names = path.split(".")
        for end in range(1, len(names) + 1):
            try:
                select(cls, ".".join(names[:end]))
            except ValueError:
                return found
            found += 1
    return found


def view_of(client: Any, service: Any) -> Any:
    """A client on the connection of another, and in turn with it, of a service made here."""
    view = copy.copy(client)
    view._service, view._methods = service, frozenset()
    return view
