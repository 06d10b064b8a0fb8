"""Calls whose results have some fields only: what else a reply holds is passed over.

The service is another one to the client then, whose results say which of their fields they have
(``__fastthrift_only__``): plans are compiled from that, so that every way of reading keeps to it.
"""

from __future__ import annotations

import copy

from fastthrift._core import Selection, TType, select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# As many are remembered with a service as `decode` remembers selections with a class.
_MOST_REMEMBERED = 64


def with_fields(service: Any, wanted: tuple[str | Selection, ...]) -> Any:
    """A service with those methods of another whose results have fields at paths; or, for a
    selection, whose results are, or have in them, structs of its class. It is remembered.

    Raises ``ValueError`` where no method's result has them, with what is wrong for the one that has
    most of them, and where no path is given; ``TypeError`` for what is no path.
    """
    chosen = wanted[0] if len(wanted) == 1 else None
    paths: Any = chosen.paths if isinstance(chosen, Selection) else wanted
    if not paths or not all(isinstance(path, str) for path in paths):
        select(service, *paths)  # which says what is wrong
    remembered = vars(service).get("__fastthrift_views__", {})
    made = remembered.get(wanted)
    if made is None or not made.is_current(service):
        made = _OfFields(service, wanted, paths)
        others = [each for each in remembered.items() if each[0] != wanted]
        # A dict of its own, as other threads may read that one.
        service.__fastthrift_views__ = dict([*others[1 - _MOST_REMEMBERED :], (wanted, made)])
    return made.view


class _OfFields:
    """A service that was made for some fields, and what of another one it was made of."""

    def __init__(self, service: Any, wanted: tuple[Any, ...], paths: tuple[str, ...]) -> None:
        cls = wanted[0].cls if isinstance(wanted[0], Selection) else None
        self._methods = [*service.thrift_services]
        self._results = [(name, getattr(service, name)) for name in map(_result_of, self._methods)]
        classes = {result for _, result in self._results}
        found: dict[str, _ResultClass] = {}
        refused = []
        for api, (_, result) in zip(self._methods, self._results, strict=True):
            fields = {field[1]: field for field in result.thrift_spec.values()}
            success = fields.pop("success", None)
            struct = None if success is None else _struct_in(success[0], *success[2:-1])
            if struct is None or cls not in (None, struct):
                continue
            classes.update(_named_classes(struct, paths))
            # Exceptions are read as they are.
            only = (*(f"success.{path}" for path in paths), *fields)
            try:
                select(result, *only)
            except ValueError:
                refused.append(struct)
            else:
                found[api] = _ResultClass(result, only)
        self._specs = [(each, each.thrift_spec) for each in classes]
        if not found:
            what = "such fields" if cls is None else f"structs of the class of {wanted[0]!r}"
            raise ValueError(
                f"no method of {service.__name__} answers with {what}{_why(refused, paths)}"
            )
        namespace = {
            "__module__": service.__module__,
            "thrift_services": list(found),
            "__fastthrift_whole__": getattr(service, "__fastthrift_whole__", service),
            **{_result_of(api): result for api, result in found.items()},
        }
        self.view = type(service)(service.__name__, (service,), namespace)

    def is_current(self, service: Any) -> bool:
        """Whether methods, their results and the fields of structs are those that it was made
        of."""
        return (
            self._methods == [*service.thrift_services]
            and all(getattr(service, name) is result for name, result in self._results)
            and all(cls.thrift_spec is spec for cls, spec in self._specs)
        )


class _ResultClass:
    """Stands in a service for the result class of a method until that is asked for."""

    def __init__(self, result: Any, only: tuple[str, ...]) -> None:
        self._result, self._only = result, only

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, _object: object, _owner: type) -> Any:
        result = self._result
        namespace = {"__fastthrift_only__": self._only, "__slots__": ()}
        made = type(result.__name__, (result,), namespace)
        setattr(self._owner, self._name, made)
        return made


def _result_of(api: str) -> str:
    return f"{api}_result"


def _named_classes(struct: Any, paths: tuple[str, ...]) -> Iterator[Any]:
    """The classes whose fields decide what paths name: a struct's, and those that they lead to."""
    yield struct
    for path in paths:
        cls = struct
        for name in path.split("."):
            # The name in the IDL, or the attribute.
            names = (name, f"{name}_")
            field = next((f for f in cls.thrift_spec.values() if f[1] in names), None)
            cls = None if field is None else _struct_in(field[0], *field[2:-1])
            if cls is None:
                break
            yield cls


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
