"""One IDL file in three implementations, and the comparison of what they make of a value."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from peers import apache, reference

from support import subject
from support.values import build, flatten, sort_sets

_serial = itertools.count()


class Loaded:
    """An IDL file loaded by the package under test and by thriftpy2, with Apache's classes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.subject = subject.load(str(path))
        self.reference = reference.load(str(path))
        self.apache = apache.Classes()

    @classmethod
    def from_text(cls, directory: Path, idl: str) -> Loaded:
        # A new name each time: both implementations cache modules by path.
        path = directory / f"schema_{next(_serial)}.thrift"
        path.write_text(idl, encoding="utf-8")
        return cls(path)

    def encode(self, struct: str, plain: dict[str, Any], protocol: str) -> bytes:
        """The bytes of thriftpy2, for tests that decode or change them."""
        return reference.encode(build(getattr(self.reference, struct), plain), protocol)

    def decode(self, struct: str, data: bytes, protocol: str) -> dict[str, Any]:
        """The plain form of what the package under test decodes."""
        return flatten(subject.decode(getattr(self.subject, struct), data, protocol))

    def check(
        self, struct: str, plain: dict[str, Any], protocol: str, *, same_order: bool = True
    ) -> None:
        """All implementations write `plain` as the same bytes and read the same from them.

        `same_order` says that the IDL declares fields by ascending ids.  Otherwise Apache's
        library, which writes by id, gives other bytes than thriftpy2, which writes in the
        order of declaration; both orders have to be read.
        """
        ours = build(getattr(self.subject, struct), plain)
        theirs = build(getattr(self.reference, struct), plain)
        assert repr(ours) == repr(theirs)
        assert str(ours) == str(theirs)

        data = subject.encode(ours, protocol)
        self._check_against_thriftpy2(struct, ours, theirs, data, protocol)
        self._check_against_apache(struct, plain, data, protocol, same_order)

    def _check_against_thriftpy2(
        self, struct: str, ours: Any, theirs: Any, data: bytes, protocol: str
    ) -> None:
        decoded = subject.decode(type(ours), data, protocol)
        for flavour in reference.flavours(protocol):
            assert data == reference.encode(theirs, protocol, flavour), flavour
            expected = reference.decode(type(theirs), data, protocol, flavour)
            assert flatten(decoded) == flatten(expected), flavour
            assert repr(decoded) == repr(expected), flavour
            assert (decoded == ours) == (expected == theirs), flavour

    def _check_against_apache(
        self, struct: str, plain: dict[str, Any], data: bytes, protocol: str, same_order: bool
    ) -> None:
        cls, model = getattr(self.subject, struct), getattr(self.reference, struct)
        expected = self.decode(struct, data, protocol)
        for flavour in ("accelerated", "pure"):
            apaches = apache.encode(self.apache.build(model, plain), protocol, flavour)
            if same_order:
                assert data == apaches, flavour
            else:
                assert self.decode(struct, apaches, protocol) == expected, flavour
            decoded = apache.decode(self.apache[model], data, protocol, flavour)
            assert apache.flatten(decoded) == sort_sets(cls, expected), flavour
