"""Methods of services, as attributes of what calls them: for ``help``, ``inspect.signature``, and
people in a shell."""

from __future__ import annotations

import keyword

from fastthrift._core import inherit_vectorcall
from fastthrift._light import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from inspect import Signature
    from typing import Any


class _Told:
    """An attribute of a method that is made when it is asked for; one that was set comes first."""

    def __init__(self, of_method: Callable[[Any, str], Any], of_class: Any) -> None:
        self._of_method = of_method
        self._of_class = of_class

    def __get__(self, method: Any, owner: type) -> Any:
        if method is None:
            return self._of_class
        # A function and its caller, or what is bound to one; then the method.
        *before, api = method.args
        caller = before[0] if before else method.func.__self__
        return self._of_method(caller._service, api)


def _name(_service: Any, api: str) -> str:
    return f"{api}_" if keyword.iskeyword(api) else api


def _doc(service: Any, api: str) -> str:
    """The method as the IDL has it, and its doc comment."""
    from fastthrift._plain import signature

    declared, comment = signature(service, api), getattr(service, f"{api}_args").__doc__
    return f"{declared}\n\n{comment}" if comment else declared


def _signature(service: Any, api: str) -> Signature:
    """The arguments by their names in Python, with their defaults; and ``timeout``."""
    from inspect import Parameter, Signature

    payload = getattr(service, f"{api}_args", None)
    if payload is None:
        # A service of no file may take anything.
        kinds = ("args", Parameter.VAR_POSITIONAL), ("kwargs", Parameter.VAR_KEYWORD)
        return Signature([Parameter(name, kind) for name, kind in kinds])
    parameters = []
    has_default = False
    for name, default in payload.default_spec:
        # What stands behind one with a default may be left out, too.
        has_default = has_default or default is not None
        usual = default if has_default else Parameter.empty
        parameters.append(Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=usual))
    if all(parameter.name != "timeout" for parameter in parameters):
        parameters.append(Parameter("timeout", Parameter.KEYWORD_ONLY, default=None))
    return Signature(parameters)


class ServiceMethod(partial):  # type: ignore[type-arg]
    __slots__ = ()

    __name__ = _Told(_name, "ServiceMethod")
    __doc__ = _Told(_doc, "A method of a service: calling it is a call.")
    __signature__ = _Told(_signature, None)

    def __get__(self, instance: object, owner: type | None = None) -> ServiceMethod:
        # What has this is a routine to `help`, which shows its signature. It is bound already,
        # in a class of somebody's too, where partials bind themselves since CPython 3.14.
        return self


inherit_vectorcall(ServiceMethod)
