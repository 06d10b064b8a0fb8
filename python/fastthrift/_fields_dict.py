"""What the ``__dict__`` of a loaded struct is: imported when somebody asks for one."""

from __future__ import annotations

from fastthrift import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any


class FieldsDict(dict):  # type: ignore[type-arg]
    """The ``__dict__`` of a loaded struct: a dict that reads from and writes to the object.

    The object may change by attribute at any time, so the contents are taken from it anew before
    they are looked at.
    """

    __slots__ = ("_object",)

    def __init__(self, object: Any) -> None:
        super().__init__(_core.snapshot(object))
        self._object = object

    def _refresh(self) -> None:
        dict.clear(self)
        dict.update(self, _core.snapshot(self._object))

    # Writing: to the object, as into an ordinary __dict__, past properties.

    def __setitem__(self, name: Any, value: Any) -> None:
        _core.set_raw(self._object, name, value)
        self._refresh()

    def __delitem__(self, name: Any) -> None:
        if not _core.delete_raw(self._object, name):
            raise KeyError(name)
        self._refresh()

    def setdefault(self, name: Any, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: Any, *default: Any) -> Any:
        self._refresh()
        value = dict.pop(self, name, *default)
        _core.delete_raw(self._object, name)
        return value

    def popitem(self) -> tuple[Any, Any]:
        self._refresh()
        item = dict.popitem(self)
        _core.delete_raw(self._object, item[0])
        return item

    def clear(self) -> None:
        for name in list(self):
            _core.delete_raw(self._object, name)
        dict.clear(self)

    def update(self, *args: Any, **kwargs: Any) -> None:
        for name, value in dict(*args, **kwargs).items():
            _core.set_raw(self._object, name, value)
        self._refresh()

    def __ior__(self, other: Any) -> FieldsDict:
        self.update(other)
        return self

    # Reading: from the object as it is now.

    def __getitem__(self, name: Any) -> Any:
        self._refresh()
        return dict.__getitem__(self, name)

    def get(self, name: Any, default: Any = None) -> Any:
        self._refresh()
        return dict.get(self, name, default)

    def __contains__(self, name: object) -> bool:
        self._refresh()
        return dict.__contains__(self, name)

    def __len__(self) -> int:
        self._refresh()
        return dict.__len__(self)

    def __iter__(self) -> Iterator[Any]:
        self._refresh()
        return dict.__iter__(self)

    def __reversed__(self) -> Iterator[Any]:
        self._refresh()
        return dict.__reversed__(self)

    def keys(self) -> Any:
        self._refresh()
        return dict.keys(self)

    def values(self) -> Any:
        self._refresh()
        return dict.values(self)

    def items(self) -> Any:
        self._refresh()
        return dict.items(self)

    def copy(self) -> dict[Any, Any]:
        """A plain dict of the attributes, no longer tied to the object."""
        return _core.snapshot(self._object)

    def __or__(self, other: Any) -> Any:
        return self.copy() | other

    def __ror__(self, other: Any) -> Any:
        return other | self.copy()

    def __eq__(self, other: object) -> bool:
        self._refresh()
        return dict.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __repr__(self) -> str:
        return repr(self.copy())

    def __reduce_ex__(self, protocol: object) -> tuple[Callable[..., Any], tuple[dict[Any, Any]]]:
        return dict, (self.copy(),)

    @classmethod
    def fromkeys(cls, names: Iterable[Any], value: Any = None) -> dict[Any, Any]:
        return dict.fromkeys(names, value)
