"""Calls whose results have some fields only: what else a reply holds is passed over.

The service is another one to the client then, whose results say which of their fields they have
(``__fastthrift_only__``): plans are compiled from that, so that every way of reading keeps to it.
"""

from __future__ import annotations

import copy

from fastthrift._core import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def with_fields(service: Any, paths: tuple[str, ...]) -> Any:
    """A service with those methods of another whose results have fields at ``paths``.

    Raises ``ValueError`` where no method's result has them, with what the first one says, and where
    no path is given.
    """
    if not paths:
        raise ValueError('no field is named: give names of fields, as "name" or "people.age"')
    results = {}
    first: ValueError | None = None
    for api in service.thrift_services:
        result = getattr(service, api + "_result")
        names = [field[1] for field in result.thrift_spec.values()]
        if "success" not in names:
            continue
        # Exceptions are read as they are.
        only = [f"success.{path}" for path in paths]
        only += [name for name in names if name != "success"]
        try:
            select(result, *only)
        except ValueError as error:
            first = first or error
            continue
        results[api] = type(
            result.__name__, (result,), {"__fastthrift_only__": tuple(only), "__slots__": ()}
        )
    if not results:
        why = f": {first}" if first is not None else ""
        raise ValueError(f"no method of {service.__name__} answers with such fields{why}")
    attributes = {f"{api}_result": result for api, result in results.items()}
    return type(service)(
        service.__name__,
        (service,),
        {"__module__": service.__module__, "thrift_services": list(results), **attributes},
    )


def view_of(client: Any, service: Any) -> Any:
    """A client on the connection of another, and in turn with it, of a service made here."""
    view = copy.copy(client)
    view._service = service
    return view
