"""Doc comments of IDL files are the ``__doc__`` of what Python makes of them."""

from __future__ import annotations

import inspect
import io
import itertools
from pathlib import Path
from typing import Any

import fastthrift
import pytest

TEXT = """
/**
 * Books, and who
 *   lent them.
 */
namespace py books

/** What a book is. */
struct Book {
  /** The title. */
  1: string title
}
struct Shelf { 1: list<Book> books }
/** One of these. */
union Either { 1: Book book }
/** How it went. */
enum Outcome { LENT = 1 }
/** It is not there.
    Or never was. */
exception NotFound { 1: string message }
/** Lends books. */
service Library {
  /** Lends one. */
  Book lend(1: string title) throws (1: NotFound not_found)
  void ping()
}
service City extends Library {}
"""
_serial = itertools.count()


def load(text: str, **options: Any) -> Any:
    return fastthrift.load_fp(io.StringIO(text), f"docs_{next(_serial)}_thrift", **options)


def test_fields_arguments_items_typedefs_and_constants_have_them() -> None:
    text = """
    /** Of whom. */
    typedef i64 Id
    typedef string Name
    /** At most. */
    const i32 MOST = 3
    enum Outcome { /** Away. */ LENT = 1, LOST = 2 }
    struct Book { /** As it is printed. */ 1: string from, 2: Id id }
    exception Missing { /** Why. */ 1: string why }
    service Library {
      Book lend(/** What.
                 * Or which. */ 1: string title) throws (/** Never. */ 1: Missing missing)
    }
    """
    for options in ({}, {"enums": "int_enum"}, {"frozen": True}):
        module = load(text, **options)
        assert module.__fastthrift_docs__ == {"Id": "Of whom.", "MOST": "At most."}
        assert module.Outcome.__fastthrift_docs__ == {"LENT": "Away."}
        assert module.Book.__fastthrift_docs__ == {"from_": "As it is printed."}
        assert module.Missing.__fastthrift_docs__ == {"why": "Why."}
        lend = module.Library.lend_args, module.Library.lend_result
        assert lend[0].__fastthrift_docs__ == {"title": "What.\nOr which."}
        assert lend[1].__fastthrift_docs__ == {"missing": "Never."}


def test_classes_have_them() -> None:
    module = load(TEXT)
    assert module.__doc__ == "Books, and who\n  lent them."
    assert module.Book.__doc__ == "What a book is."
    assert module.Either.__doc__ == "One of these."
    assert module.Outcome.__doc__ == "How it went."
    assert module.NotFound.__doc__ == "It is not there.\nOr never was."
    assert module.Library.__doc__ == "Lends books."
    assert module.Library.lend_args.__doc__ == "Lends one."
    assert module.Library.lend_result.__doc__ == "Lends one."
    assert inspect.getdoc(module.Book("x")) == "What a book is."


def test_those_without_have_none() -> None:
    module = load(TEXT)
    for cls in (module.Shelf, module.City, module.Library.ping_args, module.Library.ping_result):
        assert cls.__doc__ is None
    # Nor does `help()` show that of a base which is not of the file.
    assert inspect.getdoc(module.Shelf) is None
    assert inspect.getdoc(module.Library.ping_args) is None
    assert load("struct A { 1: i32 a }").__doc__ is None


@pytest.mark.parametrize(
    ("text", "doc"),
    [
        ("/** It. */ include 'other.thrift'", "It."),
        ("namespace py a\n/** It. */\nnamespace go b /** no */ struct A {}", "It."),
        ("/** It. */ /** Not it. */ struct A {}", "It."),
        ("/** Of A. */ struct A {}", None),
        ("struct A {} /** Of B. */ struct B {}", None),
        ("struct A {} /** Not it. */ /** Of B. */ struct B {}", None),
        ("/* A plain comment. */ namespace py a", None),
        ("/** It. */ package 'example.com/a'; /** Of A. */ struct A {}", "It."),
    ],
)
def test_which_one_is_of_the_file(text: str, doc: str | None) -> None:
    assert load(text, resolver={"other.thrift": "/** Other. */ namespace py o"}).__doc__ == doc


def test_included_files_have_their_own(tmp_path: Path) -> None:
    (tmp_path / "inner.thrift").write_text("/** Inner. */\nnamespace py inner\nstruct A {}")
    path = tmp_path / "outer.thrift"
    path.write_text("/** Outer. */\ninclude 'inner.thrift'\nstruct B { 1: inner.A a }")
    module = fastthrift.load(path)
    assert (module.__doc__, module.inner.__doc__) == ("Outer.", "Inner.")


def test_an_item_that_is_called_like_a_special_attribute_stays_one() -> None:
    module = load("/** Documented. */ enum E { __doc__ = 1 }")
    assert module.E._NAMES_TO_VALUES == {"__doc__": 1}
