"""Loaded modules in ``sys.modules``, and how pickle finds their classes there."""

from __future__ import annotations

import codecs
import copy
import doctest
import importlib
import inspect
import io
import itertools
import pickle
import pydoc
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift.parser import ThriftModuleNameConflict, ThriftParserError, parser

_serial = itertools.count()


pytestmark = pytest.mark.usefixtures("clean_modules")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return write


def fresh(stem: str = "pickled") -> str:
    """A name that nothing has."""
    return f"{stem}_{next(_serial)}_thrift"


def assert_pickles(*values: Any) -> None:
    for value in values:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(value, protocol))
            assert type(again) is type(value)
            assert vars(again) == vars(value)


def run(program: str, directory: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Which module a class names.


@pytest.mark.difference("pickled-classes")
def test_a_module_that_happens_to_have_the_name_of_the_file_is_not_taken_for_its_own(
    write: Any,
) -> None:
    """``json.thrift`` without a name makes classes of the module ``json``, which is another."""
    path = write(
        "json.thrift",
        "struct Text { 1: string text } exception Bad { 1: i32 at } enum E { A = 1 }\n"
        "service S { Text f(1: Text text) throws (1: Bad bad) }",
    )
    assert fastthrift.load(path).Text.__module__ == "json"
    name = fresh()
    module = fastthrift.load(path, name)
    for cls in (module.Text, module.Bad, module.E, module.S, module.S.f_args, module.S.f_result):
        assert cls.__module__ == name
    assert_pickles(module.Text("a"), module.Bad(3), module.S.f_args(module.Text("b")))
    assert pickle.loads(pickle.dumps([module.E, module.S])) == [module.E, module.S]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_objects_can_be_pickled_in_whatever_order_the_files_were_loaded(
    write: Any, order: tuple[int, ...]
) -> None:
    number = next(_serial)
    base = write(f"base{number}.thrift", "struct Base { 1: i32 x }")
    text = f'include "base{number}.thrift"\nstruct {{}} {{{{ 1: base{number}.Base base }}}}'
    one, two = (
        write(f"one{number}.thrift", text.format("One")),
        write(f"two{number}.thrift", text.format("Two")),
    )
    loads: list[Callable[[], Any]] = [
        lambda: fastthrift.load(one),
        lambda: fastthrift.load(one, f"one{number}_thrift"),
        lambda: fastthrift.load(two, f"package.two{number}_thrift"),
        lambda: fastthrift.load(base, f"alone{number}_thrift"),
    ]
    modules = dict(zip(order, [loads[index]() for index in order], strict=True))
    base_class = modules[3].Base
    assert_pickles(base_class(1), modules[0].One(base_class(2)), modules[2].Two(base_class(3)))


def test_a_name_that_is_gone_from_sys_modules_is_replaced_by_the_next(write: Any) -> None:
    path = write("gone.thrift", "struct Gone { 1: i32 x }")
    first, second = fresh(), fresh()
    module = fastthrift.load(path, first)
    del sys.modules[first]
    assert fastthrift.load(path, second).Gone is module.Gone
    assert module.Gone.__module__ == second
    assert_pickles(module.Gone(1))


def test_pickling_an_object_of_no_registered_module_says_what_to_do(write: Any) -> None:
    path = write("unnamed.thrift", "struct Point { 1: i32 x } exception Bad {}")
    module = fastthrift.load(path)
    for value in (module.Point(1), [module.Bad()], module.Point):
        with pytest.raises(pickle.PicklingError) as caught:
            pickle.dumps(value)
        assert path in str(caught.value)
        assert "load(path, module_name='unnamed_thrift')" in str(caught.value)
    # Copies need no name.
    assert copy.deepcopy(module.Point(1)) == module.Point(1)
    assert copy.copy(module.Point) is copy.deepcopy(module.Point) is module.Point


def test_pickling_under_the_name_of_another_module_says_so(write: Any) -> None:
    module = fastthrift.load(write("string.thrift", "struct Formatter { 1: i32 x }"))
    import string  # it has a Formatter too

    assert sys.modules["string"] is string
    with pytest.raises(pickle.PicklingError, match="'string' is another module"):
        pickle.dumps(module.Formatter(1))


def test_classes_written_by_hand_are_pickled_as_ever(write: Any) -> None:
    module = fastthrift.load(write("bases.thrift", "struct Base { 1: i32 x }"), fresh())

    class Local(module.Base):
        pass

    with pytest.raises((pickle.PicklingError, AttributeError), match="Local"):
        pickle.dumps(Local(1))
    sys.modules[__name__].Global = type("Global", (module.Base,), {"__module__": __name__})
    assert_pickles(sys.modules[__name__].Global(1))


@pytest.mark.parametrize("package", ["", "no_such_package."])
def test_names_that_cannot_be_imported_are_pickled_too(
    write: Any, tmp_path: Path, package: str
) -> None:
    """An include by ``..`` has dots in its module's name, and a package need not exist."""
    write("shared/base.thrift", "struct Base { 1: i32 x }")
    write("api/api.thrift", 'include "../shared/base.thrift"\nstruct S { 1: base.Base base }')
    load = (
        "import fastthrift, pickle, pathlib, pickletools\n"
        f"api = fastthrift.load('api/api.thrift', '{package}api_thrift')\n"
        "file = pathlib.Path('pickled')\n"
    )
    run(load + "file.write_bytes(pickle.dumps(api.S(api.base.Base(1))))", tmp_path)
    assert run(load + "print(pickle.loads(file.read_bytes()))", tmp_path) == ("S(base=Base(x=1))\n")
    with pytest.raises((pickle.UnpicklingError, ModuleNotFoundError), match="thrift'"):
        pickle.loads((tmp_path / "pickled").read_bytes())


# Several files of one name.


@pytest.mark.difference("module-names")
@pytest.mark.parametrize("package", ["", "services."])
def test_two_services_with_a_base_of_their_own_load_side_by_side(
    write: Any, tmp_path: Path, package: str
) -> None:
    number = next(_serial)
    for directory in ("users", "orders"):
        write(f"{directory}/base{number}.thrift", f"struct Of_{directory} {{}} struct Base {{}}")
        write(
            f"{directory}/{directory}.thrift",
            f'include "base{number}.thrift"\n'
            f"struct S {{ 1: base{number}.Base base, 2: base{number}.Of_{directory} own }}",
        )
    names = [f"{package}{directory}{number}_thrift" for directory in ("users", "orders")]
    users, orders = (
        fastthrift.load(tmp_path / directory / f"{directory}.thrift", name)
        for directory, name in zip(("users", "orders"), names, strict=True)
    )
    bases = [getattr(module, f"base{number}") for module in (users, orders)]
    assert bases[0].Base is not bases[1].Base
    assert bases[0].Of_users
    assert bases[1].Of_orders
    assert_pickles(users.S(bases[0].Base(), bases[0].Of_users()))
    assert_pickles(orders.S(bases[1].Base(), bases[1].Of_orders()))
    # The first one has the name that thriftpy2 gives it, the second is under its service's.
    assert bases[0].__thrift_module_name__ == f"base{number}_thrift"
    assert bases[1].__thrift_module_name__ == f"{names[1]}.base{number}_thrift"
    for base in bases:
        assert sys.modules[base.__thrift_module_name__] is base
        assert base.Base.__module__ == base.__thrift_module_name__


def test_a_file_that_two_paths_lead_to_is_no_conflict(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = next(_serial)
    base = write(f"base{number}.thrift", "struct Base { 1: i32 x }")
    write(
        f"api{number}.thrift",
        f'include "base{number}.thrift"\nstruct S {{ 1: base{number}.Base base }}',
    )
    alone = fastthrift.load(base, f"base{number}_thrift")
    monkeypatch.chdir(tmp_path)
    module = fastthrift.load(f"api{number}.thrift", f"api{number}_thrift")
    assert sys.modules[f"base{number}_thrift"] is alone
    assert f"api{number}_thrift.base{number}_thrift" not in sys.modules
    assert_pickles(module.S(alone.Base(1)))


def test_another_process_reads_the_pickles_of_both(tmp_path: Path, write: Any) -> None:
    for directory in ("users", "orders"):
        write(f"{directory}/base.thrift", f"struct Base {{ 1: i32 {directory} }}")
        write(f"{directory}/api.thrift", 'include "base.thrift"\nstruct S { 1: base.Base base }')
    load = (
        "import fastthrift, pickle, pathlib\n"
        "users, orders = (fastthrift.load(f'{n}/api.thrift', f'{n}_thrift')\n"
        "                 for n in ('users', 'orders'))\n"
        "file = pathlib.Path('pickled')\n"
    )
    run(
        load + "file.write_bytes(pickle.dumps([users.S(users.base.Base(1)),\n"
        "                                orders.S(orders.base.Base(2))]))",
        tmp_path,
    )
    assert run(load + "print(pickle.loads(file.read_bytes()))", tmp_path) == (
        "[S(base=Base(users=1)), S(base=Base(orders=2))]\n"
    )


def test_a_later_text_of_an_included_file_takes_the_place_of_the_earlier(write: Any) -> None:
    number = next(_serial)
    write(f"base{number}.thrift", "struct Base { 1: i32 x }")
    path = write(
        f"api{number}.thrift",
        f'include "base{number}.thrift"\nstruct S {{ 1: base{number}.Base base }}',
    )
    name = f"api{number}_thrift"
    fastthrift.load(path, name)
    write(f"base{number}.thrift", "struct Base { 1: i32 x, 2: i32 y }")
    parser._thrift_cache.clear()
    new = fastthrift.load(path, name)
    base = getattr(new, f"base{number}")
    assert list(vars(base.Base())) == ["x", "y"]
    assert new.S.thrift_spec[1][2] is base.Base
    assert_pickles(new.S(base.Base(1, 2)))


def test_a_name_that_another_module_has_is_a_conflict_and_nothing_is_left(write: Any) -> None:
    number = next(_serial)
    write(f"x/base{number}.thrift", "struct X {}")
    path = write(
        f"x/api{number}.thrift",
        f'include "base{number}.thrift"\nstruct S {{ 1: base{number}.X x }}',
    )
    taken = [f"base{number}_thrift", f"api{number}_thrift.base{number}_thrift"]
    for name in taken:
        sys.modules[name] = types.ModuleType(name)
    before = caches()
    with pytest.raises(ThriftModuleNameConflict, match=f"both would be {taken[1]}"):
        fastthrift.load(path, f"api{number}_thrift")
    assert caches() == before
    del sys.modules[taken[1]]
    assert_pickles(fastthrift.load(path, f"api{number}_thrift").S())


# What a failed load leaves.


def caches() -> list[Any]:
    return [
        set(sys.modules),
        dict(parser._thrift_cache),
        dict(parser._programs),
        dict(parser._included),
    ]


def _raise(*_: Any) -> Any:
    raise LookupError("of the test")


@pytest.mark.parametrize(
    ("text", "options", "error"),
    [
        ("struct A { 1: Nope a }", {}, ThriftParserError),
        ("struct {", {}, ThriftParserError),
        ('include "good.thrift"\nstruct A { 1: good.Nope a }', {}, ThriftParserError),
        ('include "good.thrift"\ninclude "missing.thrift"', {}, ThriftParserError),
        ('include "good.thrift"\ninclude "bad.thrift"', {}, ThriftParserError),
        ('include "good.thrift"\ninclude "api.thrift"', {}, ThriftParserError),
        ('include "good.thrift"\ninclude "x.thrift"', {"resolver": _raise}, LookupError),
        ("struct A {}", {"encoding": "ascii"}, UnicodeDecodeError),
        ("struct A {}", {"reserved": "never"}, ValueError),
        (None, {}, OSError),
    ],
)
@pytest.mark.parametrize("name", [None, "failing_thrift"])
def test_a_failed_load_leaves_nothing(
    write: Any, tmp_path: Path, text: str | None, options: Any, error: Any, name: str | None
) -> None:
    write("good.thrift", "struct Good { 1: i32 x }")
    write("bad.thrift", "struct Bad { 1: Nope x }")
    if text is not None:
        write("api.thrift", f"// £\n{text}")
    codecs.lookup("ascii")  # a codec is a module too
    before = caches()
    with pytest.raises(error):
        fastthrift.load(tmp_path / "api.thrift", name, **options)
    assert caches() == before
    write("api.thrift", "struct Mended {}")
    assert fastthrift.load(tmp_path / "api.thrift", name).Mended
    if name:
        parser._thrift_cache.pop(name)


def test_a_failed_load_of_a_text_leaves_nothing() -> None:
    before = caches()
    with pytest.raises(ThriftParserError):
        fastthrift.load_fp(io.StringIO("struct A { 1: Nope a }"), "text_thrift")
    assert caches() == before


def test_a_warning_that_is_an_error_leaves_nothing(write: Any) -> None:
    path = write("warned.thrift", 'include "missing.thrift"\nstruct A {}')
    before = caches()
    with pytest.raises(UserWarning, match="missing"):
        fastthrift.load(path, "warned_thrift", missing_include="warn")
    assert caches() == before


def test_a_failed_import_leaves_nothing(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"package{next(_serial)}"
    write(f"{package}/__init__.py", "")
    write(f"{package}/base.thrift", "struct Base {}")
    write(f"{package}/api.thrift", 'include "base.thrift"\nstruct A { 1: base.Nope a }')
    monkeypatch.syspath_prepend(str(tmp_path))
    parent = importlib.import_module(package)
    fastthrift.install_import_hook()
    try:
        before, attributes = caches(), set(vars(parent))
        with pytest.raises(ThriftParserError):
            importlib.import_module(f"{package}.api_thrift")
        with pytest.raises(FileNotFoundError):
            importlib.import_module(f"{package}.missing_thrift")
        assert caches() == before
        assert set(vars(parent)) == attributes
        write(f"{package}/api.thrift", 'include "base.thrift"\nstruct A { 1: base.Base a }')
        module = importlib.import_module(f"{package}.api_thrift")
        assert_pickles(module.A(module.base.Base()))
    finally:
        fastthrift.remove_import_hook()


def test_threads_that_load_files_of_one_name_get_each_its_own(write: Any, tmp_path: Path) -> None:
    number = next(_serial)
    for thread in range(8):
        write(f"{thread}/base{number}.thrift", f"struct Base {{ 1: i32 x{thread} }}")
        write(
            f"{thread}/api.thrift",
            f'include "base{number}.thrift"\nstruct S {{ 1: base{number}.Base base }}',
        )
    barrier = threading.Barrier(8)
    found: dict[int, Any] = {}

    def load(thread: int) -> None:
        barrier.wait()
        found[thread] = fastthrift.load(
            tmp_path / str(thread) / "api.thrift", f"api{number}_{thread}_thrift"
        )

    threads = [threading.Thread(target=load, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for thread, module in found.items():
        base = getattr(module, f"base{number}").Base
        assert list(vars(base())) == [f"x{thread}"]
        assert_pickles(module.S(base(thread)))


# The attributes that Python's own tools look at.


def test_pythons_own_tools_take_a_loaded_module(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no ``__file__``: the tools would take that for Python (``help()`` parses it)."""
    stem = f"tools{next(_serial)}"
    write(f"{stem}.thrift", "struct Point { 1: i32 x }\nservice S { void f() }\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    fastthrift.install_import_hook()
    try:
        module = importlib.import_module(f"{stem}_thrift")
        assert not hasattr(module, "__file__")
        assert inspect.getmodule(module.Point) is module
        for thing in (module, module.Point):
            with pytest.raises((OSError, TypeError)):
                inspect.getsource(thing)
        assert doctest.testmod(module) == (0, 0)
        assert "Point" in pydoc.plain(pydoc.render_doc(module))
        assert importlib.reload(module) is module
        assert_pickles(module.Point(1))
    finally:
        fastthrift.remove_import_hook()
