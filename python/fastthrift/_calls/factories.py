"""What is passed as a factory of protocols or of transports."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_THREADS, _ASYNCIO = "T", "TAsync"
_PACKAGES = {_THREADS: "fastthrift", _ASYNCIO: "fastthrift.contrib.aio"}


def made_by(factory: Any, method: str, below: Any, user: type) -> Any:
    """What a factory makes for ``user``, a class. Raises ``TypeError`` for what is none, and as
    ``check_factory``."""
    check_factory(factory, user)
    try:
        return getattr(factory, method)(below)
    except (AttributeError, TypeError) as error:
        if isinstance(factory, type):
            name = factory.__name__
            raise TypeError(f"A factory is an object, not a class: pass {name}()") from error
        if not hasattr(factory, method):
            raise TypeError(f"{factory!r} is no factory: it has no {method}()") from error
        raise


def check_factories(server: Any) -> None:
    """What ``check_factory`` says of those of a server."""
    for side in ("itrans", "iprot", "otrans", "oprot"):
        check_factory(getattr(server, f"{side}_factory"), type(server))


def check_factory(factory: Any, user: type) -> None:
    """Raise ``TypeError`` where a class for asyncio is given a factory for threads, or the other
    way round; ``user`` is the class that got it.

    Factories of others pass, and those of this package that somebody has given a method of his own:
    nobody knows what they make.
    """
    # A multiplexed one stands before another.
    kind = type(getattr(factory, "_proto_factory", factory))
    makes = next((base for base in kind.__mro__ if vars(base).keys() & _METHODS), None)
    if makes is None or not _is_own(makes):
        return
    name = next(base.__name__ for base in kind.__mro__ if _is_own(base))
    needed, given = _prefix(user), _prefix(kind)
    if needed == given:
        return
    twin = needed + name.removeprefix(given)
    home = f"{_PACKAGES[needed]}.{'protocol' if 'Protocol' in name else 'transport'}"
    of_asyncio, of_threads = "is for asyncio", "is for threads"
    is_for = (of_asyncio, of_threads) if needed == _ASYNCIO else (of_threads, of_asyncio)
    raise TypeError(f"{user.__name__} {is_for[0]}, and {name} {is_for[1]}: pass {twin}() of {home}")


_METHODS = {"get_protocol", "get_transport"}


def _is_own(cls: type) -> bool:
    return cls.__module__.startswith("fastthrift.")


def _prefix(cls: type) -> str:
    """What the names of classes begin with that go with one of this package."""
    is_of_asyncio = any(
        _is_own(each) and each.__name__.startswith(_ASYNCIO) for each in cls.__mro__
    )
    return _ASYNCIO if is_of_asyncio else _THREADS
