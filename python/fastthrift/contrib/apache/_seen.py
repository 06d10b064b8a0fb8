"""The calls of generated processors, for hooks and for their handlers."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Iterator
from typing import Any

SEPARATOR = ":"


def processor_of(processor: Any, name: str) -> Any:
    """The processor that serves a method; of several services the one that its name has."""
    services = getattr(processor, "services", None)
    if not isinstance(services, dict):
        return processor
    service, separator, _ = name.partition(SEPARATOR)
    default = getattr(processor, "defaultProcessor", None)
    return services.get(service) if separator else default


def _part(processor: Any, name: str) -> Any:
    """What a generated processor keeps under a name; None for what is no such processor."""
    return getattr(processor, "__dict__", {}).get(name)


def seen_by(seen: Any, processor: Any, name: str) -> Any:
    """The processor for one call, whose handler is called through ``seen``."""
    one = processor_of(processor, name)
    handler = _part(one, "_handler")
    if handler is None:
        return processor
    noted = copy.copy(one)
    vars(noted).update({"_handler": seen.handler_of(service_of(one), handler)})
    if one is processor:
        return noted
    several = copy.copy(processor)
    if SEPARATOR in name:
        several.services = {**processor.services, name.partition(SEPARATOR)[0]: noted}
    else:
        several.defaultProcessor = noted
    return several


_services: dict[type, type] = {}


def service_of(processor: Any) -> Any:
    """The service of a generated processor as calls have it: its name in the IDL, its methods and
    the names of their arguments; None for what is no such processor."""
    methods = _part(processor, "_processMap")
    if methods is None:
        return None
    kind = type(processor)
    service = _services.get(kind)
    if service is None:
        modules = [vars(sys.modules.get(each.__module__, sys)) for each in kind.__mro__]
        own = next((each for each in modules if "Iface" in each and "Client" in each), None)
        name = kind.__name__ if own is None else own["__name__"].rpartition(".")[2]
        members: dict[str, Any] = {"thrift_services": list(methods)}
        for method in methods:
            args = next(
                (each[f"{method}_args"] for each in modules if f"{method}_args" in each), ()
            )
            fields = filter(None, getattr(args, "thrift_spec", ()))
            spec = {field[0]: (field[1], field[2]) for field in fields}
            members[f"{method}_args"] = type(f"{method}_args", (), {"thrift_spec": spec})
        service = _services.setdefault(kind, type(name, (), members))
    return service


class Unwatched:
    """What ``current_call`` is told in the first handler of a process that asks: the service, the
    method and the arguments. Nobody has noted those by then, and they are in the frame of the
    generated code that has called the handler."""

    __slots__ = ("_call", "_oprot", "_processor")

    def __init__(self, processor: Any, call: Any, oprot: Any) -> None:
        self._processor = processor
        self._call = call
        self._oprot = oprot

    def __iter__(self) -> Iterator[Any]:
        service = service_of(processor_of(self._processor, self._call.header[0]))
        method = self._call.method
        yield service
        yield method
        args = getattr(service, f"{method}_args", None)
        yield () if args is None else self._arguments(args)

    def _arguments(self, args: Any) -> list[Any]:
        frame = inspect.currentframe()
        while frame is not None:
            known = frame.f_locals
            if known.get("oprot") is self._oprot and "args" in known:
                return [getattr(known["args"], name) for _, name in args.thrift_spec.values()]
            frame = frame.f_back
        return []
