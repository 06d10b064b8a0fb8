"""An address book: a map of 100 people with 5 phone numbers each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cases import Case


def make(types: Any) -> Any:
    return types.AddressBook(
        people={
            f"person {index}": types.Person(
                name=f"person {index}",
                phones=[
                    types.PhoneNumber(type=number % 3, number=f"+49 30 {index:04}{number}")
                    for number in range(5)
                ],
                created_at=1_700_000_000 + index,
            )
            for index in range(100)
        }
    )


def msgspec_types() -> SimpleNamespace:
    from msgspec import defstruct

    phone = defstruct("PhoneNumber", [("type", int, 0), ("number", str | None, None)])
    person = defstruct(
        "Person",
        [
            ("name", str | None, None),
            ("phones", list[phone] | None, None),
            ("created_at", int | None, None),
        ],
    )
    book = defstruct("AddressBook", [("people", dict[str, person] | None, None)])
    return SimpleNamespace(PhoneNumber=phone, Person=person, AddressBook=book)


CASE = Case("address book", "addressbook.thrift", "AddressBook", make, msgspec_types)
