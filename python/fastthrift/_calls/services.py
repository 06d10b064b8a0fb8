"""What is passed as a service and as a handler, and what of it a method's name finds."""

from __future__ import annotations

import keyword

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Characters of a name that came over the wire, or was asked for, in the text of an error.
_LONGEST_NAME = 100


def find_keyword_method(service: Any, attribute: str) -> str | None:
    """The method ``import`` of a service for the attribute ``import_``: one that is called like a
    word of Python."""
    api = attribute[:-1]
    is_method = attribute == f"{api}_" and keyword.iskeyword(api) and api in service.thrift_services
    return api if is_method else None


def find_handler(handler: object, api: str) -> Any:
    """What a handler has for a method of a service: ``import_``, or ``import`` if somebody has
    put it there, for one that is called like a word of Python. Raises ``AttributeError`` where it
    has nothing."""
    if keyword.iskeyword(api):
        # A handler may count how often it is asked.
        try:
            return getattr(handler, api)
        except AttributeError:
            api += "_"
    return getattr(handler, api)


def found_handler(handler: object, api: str) -> Any:
    """What ``find_handler`` finds; None where a handler has nothing."""
    try:
        return find_handler(handler, api)
    except AttributeError:
        return None


def coroutines(service: Any, handler: object) -> list[str]:
    """The methods of a service for which a handler has coroutine functions."""
    return [
        api
        for api in service.thrift_services
        if _is_coroutine_function(found_handler(handler, api))
    ]


def _is_coroutine_function(thing: Any) -> bool:
    import inspect

    return inspect.iscoroutinefunction(thing)


def misfits(service: Any, handler: object) -> Iterator[tuple[str, str]]:
    """The methods of a service for which a handler, an object or a class that is called without
    arguments, has what cannot take the arguments of the IDL, and why not. What a decorator has put
    around a method is asked, and not the method."""
    import inspect

    for api in service.thrift_services:
        attribute = handler_attribute(handler, api) or api
        method: Any = getattr(handler, attribute, None)
        fields = getattr(service, f"{api}_args").thrift_spec
        try:
            parameters = inspect.signature(method, follow_wrapped=False)
        except (TypeError, ValueError):
            continue  # nothing that is called, or that tells
        own = 0
        if isinstance(handler, type) and inspect.isfunction(method):
            # A function has the object of the class as its first argument, unless it is static.
            own = not isinstance(inspect.getattr_static(handler, attribute), staticmethod)
        try:
            parameters.bind(*[None] * (len(fields) + own))
        except TypeError:
            takes = len(parameters.parameters) - own
            yield api, f"{attribute}() takes {takes} arguments, the IDL has {len(fields)}"


def handler_attribute(handler: object, api: str) -> str | None:
    """What a handler calls its function for a method; None where it has none."""
    return next((name for name in handler_names(api) if hasattr(handler, name)), None)


def handler_names(api: str) -> tuple[str, ...]:
    """What a handler may call its function for a method."""
    return (api, api + "_") if keyword.iskeyword(api) else (api,)


def printable(name: Any) -> str:
    """A name for the text of an error; the peer may have made up anything."""
    text = name if isinstance(name, str) else repr(name)
    return (text if text.isprintable() else repr(text))[:_LONGEST_NAME]


def quoted(name: str) -> str:
    """A name in quotes, for the text of an error; the peer may have made up anything."""
    return repr(name[:_LONGEST_NAME])


def no_such_attribute(client: Any, attribute: str) -> AttributeError:
    """What asking a client for a method raises that its service does not have."""
    text = f"{client.__class__.__name__} instance has no attribute {attribute!r}"
    if attribute.startswith("_"):
        # Asked for by copy, pickle and others, not by somebody who mistook the name.
        return AttributeError(text)
    service = client._service
    whole = getattr(service, "__fastthrift_whole__", service)
    if attribute in whole.thrift_services or find_keyword_method(whole, attribute):
        return AttributeError(
            f"{text}: the result of {_name_of(service)}.{attribute}() does not have the fields "
            "that with_fields names"
        )
    text += f": service {_name_of(service)} has no such method"
    import difflib

    similar = difflib.get_close_matches(attribute, service.thrift_services, 1)
    if similar:
        text += f"; did you mean {similar[0]!r}?"
    return AttributeError(text)


def check_service(service: Any, user: str) -> None:
    """Raise ``TypeError`` for what is known to be no service; ``user`` is the class that got it.

    Other objects pass: a class of the caller's own may do without a loaded service.
    """
    if hasattr(service, "thrift_services"):
        return
    if isinstance(service, str):
        raise TypeError(f"{user} needs a service, not the name {service!r}: pass its class")
    name = _name_of(service)
    if _is_of_apache(service):
        raise TypeError(
            f"{user} needs a service of a loaded module, and {name} was generated by Apache's "
            f"compiler: load() the .thrift file and pass the service of that module"
        )
    if isinstance(service, _module_type):
        services = [
            f"{name}.{known}"
            for known, value in vars(service).items()
            if isinstance(value, type) and hasattr(value, "thrift_services")
        ]
        raise TypeError(
            f"{user} needs a service, not the module {name}: pass "
            + (" or ".join(services) or "a service; this module has none")
        )
    if isinstance(service, type) and hasattr(service, "thrift_spec"):
        raise TypeError(f"{user} needs a service, and {name} is a struct or an exception")
    if isinstance(service, type) and hasattr(service, "_VALUES_TO_NAMES"):
        raise TypeError(f"{user} needs a service, and {name} is an enum")


def check_handler(service: Any, handler: Any, user: str) -> None:
    """Raise ``TypeError`` for what is known to be no handler, and warn, by logging, of one that
    lacks methods of its service."""
    if handler is None or _looks_up(handler):
        return
    methods = getattr(service, "thrift_services", None)
    # A mock of a service has anything under that name.
    if not isinstance(methods, (list, tuple)):
        if isinstance(handler, type) and hasattr(handler, "thrift_services"):
            raise TypeError(f"{user} takes the service first, and then the handler")
        return
    if _is_apache_processor(handler) or (
        isinstance(handler, _module_type) and _is_of_apache(handler)
    ):
        raise TypeError(
            f"{user} needs an object with the methods of {_name_of(service)} as a handler, and "
            f"{_name_of(handler)} was generated by Apache's compiler: pass the object that has "
            f"the methods"
        )
    missing = [api for api in methods if _lacks(handler, api)]
    if missing:
        _warn(
            service,
            handler,
            "The handler %s lacks methods of %s: %s; a call of one is answered with INTERNAL_ERROR",
            ", ".join(missing),
        )
    elif isinstance(handler, type) and (unbound := [a for a in methods if _is_unbound(handler, a)]):
        _warn(
            service,
            handler,
            "The handler %s is a class, pass an object of it: %s needs one for %s",
            ", ".join(unbound),
        )


def is_processor(thing: Any) -> bool:
    """Whether something given as a handler is a processor. Its class is asked: mocks and proxies
    of services have anything that they are asked for."""
    kind = thing.__class__
    return hasattr(kind, "process") and hasattr(kind, "process_in")


def check_blocking(processor: Any, user: str) -> None:
    """Raise ``TypeError`` for a processor of threads whose handlers have nothing but coroutine
    functions, which nobody awaits, and warn, by logging, of some. What stands around calls may
    await them."""
    awaited: list[tuple[Any, Any, list[str]]] = []
    methods = 0
    for each in getattr(processor, "processors", {"": processor}).values():
        service, handler = getattr(each, "_service", None), getattr(each, "_handler", None)
        around = processor.around or getattr(each, "around", None)
        known = getattr(service, "thrift_services", None)
        # As above, a mock of a service has anything under that name.
        if around or not isinstance(known, (list, tuple)) or _looks_up(handler):
            return
        methods += len(known)
        if found := _coroutines_unasked(service, handler):
            awaited.append((service, handler, found))
    if awaited and methods == sum(len(found) for *_, found in awaited):
        name = _name_of(awaited[0][1])
        raise TypeError(f"{user} does not await, and the handler {name} has `async def`: {_AWAIT}")
    for service, handler, found in awaited:
        text = "The handler %s has `async def` for methods of %s, which nobody awaits here: %s; "
        _warn(service, handler, text + _AWAIT, ", ".join(found))


_AWAIT = (
    "TAsyncServer does (make_server of fastthrift.contrib.aio.rpc; over HTTP, of "
    "fastthrift.contrib.aio.http), and so does TNonblockingServer with a TAsyncProcessor"
)


def _coroutines_unasked(service: Any, handler: Any) -> list[str]:
    """What ``coroutines`` finds in the class of a handler, so that no property is asked; not where
    the handler has something else itself."""
    where = _class_of(handler)
    own = () if where is handler else getattr(handler, "__dict__", ())
    return [
        api
        for api in coroutines(service, where)
        if not any(name in own for name in handler_names(api))
    ]


def check_processor(processor: Any, user: str, *, awaits: bool = True) -> None:
    """Raise ``TypeError`` for a processor that speaks to Apache's protocols only, and for one that
    has to be awaited by those who do not; ``user`` is the class that got it."""
    if not awaits and _is_coroutine_function(getattr(type(processor), "process", None)):
        raise TypeError(f"{user} does not await, and {_name_of(processor)} is for that: {_AWAIT}")
    if _is_apache_processor(processor):
        raise TypeError(
            f"{user} needs a TProcessor, and {type(processor).__name__} was generated by Apache's "
            f"compiler: load() the .thrift file and pass TProcessor(service, handler)"
        )


_module_type = type(keyword)


def _is_apache_processor(processor: Any) -> bool:
    return not _looks_up(processor) and isinstance(
        getattr(processor, "__dict__", {}).get("_processMap"), dict
    )


def _is_of_apache(service: Any) -> bool:
    """Whether it is what Apache's compiler makes of a service: the module, or a class in it."""
    if isinstance(service, _module_type):
        return all(hasattr(service, name) for name in ("Iface", "Client", "Processor"))
    kind = service if isinstance(service, type) else type(service)
    # A service `Calculator` is a module of that name with these classes.
    return kind.__name__ in ("Iface", "Client", "Processor") and any(
        base.__name__ == "Iface" for base in kind.__mro__
    )


def _looks_up(thing: Any) -> bool:
    """Whether an object finds its attributes by code of its own, as mocks and proxies do: they
    are not asked for any."""
    kind = type(thing)
    if issubclass(kind, (type, _module_type)):
        return False
    own = kind.__getattribute__ is not vars(object)["__getattribute__"]
    return own or hasattr(kind, "__getattr__")


def _lacks(handler: Any, api: str) -> bool:
    """Whether a handler has nothing for a method; no property of it is asked."""
    where = _class_of(handler)
    own = getattr(handler, "__dict__", ())
    return not any(hasattr(where, name) or name in own for name in handler_names(api))


def _class_of(handler: Any) -> Any:
    """What is asked for the methods of a handler so that no property of it is: its class, unless
    it is one, or a module, itself."""
    return handler if isinstance(handler, (type, _module_type)) else type(handler)


def _is_unbound(handler: type, api: str) -> bool:
    """Whether a class has an ordinary method, that needs an object, for one of a service."""
    method = found_handler(handler, api)
    return isinstance(method, _function_type) and method.__code__.co_varnames[:1] == ("self",)


_function_type = type(_is_unbound)

# By class of handler, the services that it was said of: a server may make a processor for each
# connection.
_warned: Any = None


def _warn(service: Any, handler: Any, text: str, methods: str) -> None:
    """Log a text about a handler, a service and some methods, once for each pair of them."""
    global _warned
    import logging
    import weakref

    if _warned is None:
        _warned = weakref.WeakKeyDictionary()
    kind = handler if isinstance(handler, type) else type(handler)
    services = _warned.setdefault(kind, set())
    known = (text, getattr(service, "__module__", None), _name_of(service), _name_of(handler))
    if known in services:
        return
    services.add(known)
    # Not by `warnings`: a program that turns those into errors is to go on.
    logging.getLogger("fastthrift.server").warning(
        text, _name_of(handler), _name_of(service), methods
    )


def _name_of(thing: Any) -> str:
    """The name of a class or a module, or that of an object's class."""
    named = thing if isinstance(thing, (type, _module_type)) else type(thing)
    return str(named.__name__)


def is_given_timeout(service: Any, api: str, kwargs: dict[str, Any]) -> bool:
    """Whether a call has a ``timeout=`` that is none of its method's arguments: one of that name in
    the IDL is the method's."""
    if "timeout" not in kwargs:
        return False
    spec = getattr(service, api + "_args").thrift_spec
    return all(field[1] != "timeout" for field in spec.values())


def method_of(caller: object, service: Any, name: str) -> str:
    """The method of a service that an attribute means; ``AttributeError`` where there is none."""
    if name in service.thrift_services:
        return name
    if name == "tclose" and "close" in service.thrift_services:
        # As clients call it, whose own `close` hides it; pools have one, too.
        return "close"
    if name.endswith("_") and name[:-1] in hidden_methods(caller, service):
        return name[:-1]
    api = find_keyword_method(service, name)
    if api is None:
        raise no_such_attribute(caller, name)
    return api


def hidden_methods(caller: object, service: Any) -> list[str]:
    """The methods of a service that are called like something that the class of a client or a pool
    has itself: ``stats_`` is the service's ``stats``, as ``import_`` is its ``import``."""
    # Not what a class has of its metaclass, which its objects have not.
    own = {name for cls in type(caller).__mro__ for name in vars(cls)}
    return [name for name in service.thrift_services if name in own]


def warn_of_hidden(caller: object, service: Any) -> None:
    """Log which methods of a service something has under another name. Not `close`, which clients
    have as `tclose`, as in thriftpy2."""
    if hidden := [name for name in hidden_methods(caller, service) if name != "close"]:
        import logging

        kind = type(caller).__name__
        logging.getLogger("fastthrift.client").warning(
            "%s of %s has %s of its own: the service's are called %s",
            kind,
            _name_of(service),
            ", ".join(f"{name}()" for name in hidden),
            ", ".join(f"{name}_()" for name in hidden),
        )
