"""``fastthrift stubs``: the real command; what stubtest, mypy and pyright say of what it writes."""

from __future__ import annotations

import ast
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import fastthrift
import pytest
from fastthrift.pool import ClientPool
from fastthrift.typing import PoolKeywords, ViewKeywords
from support.stubs import marked, mypy, pyright, run, stubtest

IDL = Path(__file__).parents[2] / "idl"

SHARED = "struct Point { 1: required double x, 2: optional double y }\n"
CALC = """\
/** Sums. */
include "shared.thrift"
enum Unit { METRE = 1, FOOT = 2 }
exception Overflow { 1: string message }
/** An area. */
struct Area {
  1: required i32 id
  2: optional list<shared.Point> corners
  3: Unit unit = Unit.METRE
  4: map<string, set<i64>> tags
}
union Either { 1: i32 number, 2: string text }
const i32 LIMIT = 10
typedef i64 UserId
typedef map<UserId, list<shared.Point>> Shapes
service Base { void ping() }
service Calculator extends Base {
  /** The sum. */
  i32 add(1: i32 a, 2: i32 b) throws (1: Overflow overflow)
  Area find(1: string name, 2: i32 limit = 5)
  oneway void note(1: Either value)
}
"""
#: A program as its users write it. What a type checker has to refuse is marked.
PROGRAM = """\
from __future__ import annotations

from typing import Any

import fastthrift
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.rpc import client_context, make_aio_client, make_aio_server
from fastthrift.rpc import make_client, make_server
from fastthrift.thrift import TProcessor
from typing_extensions import assert_type

fastthrift.install_import_hook()
import calc_thrift as calc
from calc_thrift import Area, Calculator, Unit


class Handler:
    def ping(self) -> None: ...

    def add(self, x: int, y: int) -> int:
        return x + y

    def find(self, name: str, limit: int) -> Area:
        return Area(id=1, unit=Unit.FOOT, corners=[calc.shared.Point(1.0, 2.0)])

    def note(self, value: calc.Either) -> None:
        print(value.number or value.text)


class Unlike(Handler):
    def add(self, x: str, y: int) -> int:  # type: ignore
        return y


class Awaited:
    async def ping(self) -> None: ...

    async def add(self, a: int, b: int) -> int:
        return a + b

    async def find(self, name: str, limit: int) -> Area:
        return Area(1)

    def note(self, value: calc.Either) -> None: ...


def served() -> None:
    make_server(Calculator, Handler(), port=0)
    TProcessor(Calculator, Handler())
    make_aio_server(Calculator, Awaited(), port=0)
    make_server(Calculator, Unlike())  # wrong
    TProcessor(Calculator, Awaited())  # wrong
    make_aio_server(Calculator, object())  # wrong


def called() -> None:
    client = make_client(Calculator, "localhost")
    assert_type(client.add(1, 2), int)
    assert_type(client.add(1, b=2, timeout=0.5), int)
    assert_type(client.find("a"), Area)
    assert_type(client.ping(), None)
    client.with_fields("id").find("a").tags
    client.add("1", 2)  # wrong
    client.add(1)  # wrong
    client.add(1, 2, 3)  # wrong
    client.sub(1, 2)  # wrong
    client.close()
    with client_context(Calculator) as one:
        assert_type(one.add(1, 2), int)
    make_client(calc.Base).add(1, 2)  # wrong


def pooled() -> None:
    pool = fastthrift.ClientPool(Calculator, "tcp://localhost:1", size=3)
    assert_type(pool.add(1, 2), int)
    with pool, pool.client() as client:
        assert_type(client.add(1, 2), int)
        assert_type(client.with_fields("id").find("a"), Area)
        client.close()  # wrong
        client.is_open  # wrong
    pool.with_options(timeout=1.0).add("1", 2)  # wrong
    pool.with_options(timout=1.0)  # wrong
    fastthrift.ClientPool(Calculator, "tcp://localhost:1", sise=3)  # wrong


async def awaited() -> None:
    async with await make_aio_client(Calculator) as client:
        assert_type(await client.add(1, 2), int)
        await client.add(1, None)  # wrong
    pool = AsyncClientPool(Calculator, "tcp://localhost:1")
    assert_type(await pool.add(1, 2), int)
    async with pool.client() as one:
        assert_type(await one.with_fields("id").find("a"), Area)
        await one.reopen()  # wrong
    number: str = await pool.add(1, 2)  # wrong
    print(number)


def data(area: Area) -> str | None:
    assert_type(area.id, int)
    assert_type(area.unit, int)
    for corner in area.corners or ():
        assert_type(corner.x, float)
    area.id = "1"  # wrong
    area.other = 1  # wrong
    Area(1, [], unit="FOOT")  # wrong
    assert_type(fastthrift.decode(Area, b""), Area)
    print(calc.LIMIT + 1, Unit.METRE, Unit.MILE)  # wrong
    assert_type(calc.__thrift_file__, str)
    assert_type(calc.__thrift_meta__["services"][0].thrift_services, Any)
    assert_type(calc.__thrift_namespaces__.get("py"), str | None)
    calc.__thrift_file__.name  # wrong
    assert_type(area.__replace__(id=2), Area)
    area.__replace__(corners=[], idd=2)  # wrong
    area.__replace__(id="2")  # wrong
    del area.__replace__(__thrift_unknown__=None).__thrift_unknown__
    match area:
        case Area(id, corners):
            assert_type(id, int)
            print(corners)
    try:
        raise calc.Overflow("much")
    except calc.Overflow as error:
        return error.message


def by_typedefs(user: calc.Types.UserId, shapes: calc.Types.Shapes) -> calc.Types.UserId:
    assert_type(user, int)
    assert_type(shapes, dict[int, list[calc.shared.Point]])
    assert_type(calc.Shapes[0], int)
    other: calc.UserId  # wrong
    shapes["a"] = []  # wrong
    return "1"  # wrong


def untyped() -> None:
    module = fastthrift.load("other.thrift")
    make_client(module.Anything).whatever(1)
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "shared.thrift").write_text(SHARED)
    (tmp_path / "calc.thrift").write_text(CALC)
    return tmp_path


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("program")
    (directory / "shared.thrift").write_text(SHARED)
    (directory / "calc.thrift").write_text(CALC)
    (directory / "program.py").write_text(PROGRAM)
    done = run("calc.thrift", "-o", "typings", cwd=directory)
    assert (done.returncode, done.stderr) == (0, "")
    return directory


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The good files beside those that they include, and a folder with the stubs of all."""
    directory = tmp_path_factory.mktemp("fixtures")
    shutil.copytree(IDL / "include", directory / "include")
    shutil.copytree(IDL / "good", directory / "good")
    names = sorted(path.name for path in (IDL / "good").glob("*.thrift"))
    done = run(*names, "-o", "stubs", "-I", "../include", cwd=directory / "good", warnings="ignore")
    assert done.returncode == 0, done.stderr
    return directory / "good"


def test_mypy_finds_what_is_wrong_in_a_program_and_nothing_else(program: Path) -> None:
    assert mypy(program, "program.py") == {("program.py", line) for line in marked(PROGRAM)}


def test_a_fake_does_for_clients_and_pools_to_mypy(files: Path) -> None:
    text = """\
from __future__ import annotations

from calc_thrift import Calculator
from fastthrift.testing import AsyncFakeService, FakeService


def calls(client: Calculator.Client) -> int:
    return client.add(1, 2)


def uses(pool: Calculator.Pool) -> int:
    with pool.client() as one:
        return one.add(1, 2)


async def awaits(client: Calculator.AsyncClient) -> int:
    return await client.add(1, 2)


async def uses_of_asyncio(pool: Calculator.AsyncPool) -> int:
    async with pool.client() as one:
        return await one.add(1, 2)


async def main() -> None:
    calls(FakeService(Calculator, add=3))
    uses(FakeService(Calculator, add=3))
    await awaits(AsyncFakeService(Calculator, add=3))
    await uses_of_asyncio(AsyncFakeService(Calculator, add=3))
    calls(3)  # wrong
"""
    (files / "faked.py").write_text(text)
    assert run("calc.thrift", "-o", "typings", cwd=files).returncode == 0
    assert mypy(files, "faked.py") == {("faked.py", line) for line in marked(text)}


def test_pyright_finds_what_is_wrong_in_a_program_and_nothing_else(program: Path) -> None:
    found = pyright(program)
    assert {Path(each["file"]).name for each in found} == {"program.py"}, found
    assert {each["range"]["start"]["line"] + 1 for each in found} == marked(PROGRAM), found


def test_stubs_of_all_good_files_agree_with_their_modules(fixtures: Path) -> None:
    names = [f"{path.stem}_thrift" for path in sorted((IDL / "good").glob("*.thrift"))]
    loading = (
        "warnings.simplefilter('ignore')\n"
        "for name in sys.argv[1:]:\n"
        "    path = name.removesuffix('_thrift') + '.thrift'\n"
        "    fastthrift.load(path, name, include_dirs=['../include'])\n"
    )
    # An included file above the folder has a name of its own.
    allowed = r"dotted_names_thrift\.a\.b" + "\n" + r"include_uses_thrift\.Thing" + "\n"
    done = stubtest(fixtures, loading, *names, stubs="stubs", allowed=allowed)
    assert done.returncode == 0, done.stdout + done.stderr


OPTIONS = ["--enums", "int_enum", "--sets", "set", "--frozen"]


def test_stubs_with_options_agree_with_their_modules(tmp_path: Path) -> None:
    (tmp_path / "shared.thrift").write_text("enum Unit { METRE = 1, from = 2 }\n")
    (tmp_path / "paint.thrift").write_text(
        'include "shared.thrift"\n'
        "const shared.Unit USUAL = shared.Unit.METRE\n"
        "enum Color { RED = 1, GREEN = 2 }\nenum Nothing {}\n"
        "enum Odd { name = 1, value = 2, real = 3, to_bytes = 4, class = 6, class_ = 7 }\n"
        "struct Paint {\n"
        "  1: Color color = Color.RED\n  2: list<shared.Unit> units\n"
        "  3: set<Color> used\n  4: set<list<set<i32>>> rows\n  5: set<map<i32, i32>> maps\n"
        "  6: map<list<i32>, set<string>> keyed\n}\n"
        "union Either { 1: Color color, 2: string name }\n"
        "exception Refused { 1: Color color }\n"
        "service Shop { Color darker(1: Color color) throws (1: Refused refused) }\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "fastthrift", "stubs", "paint.thrift", "-o", "stubs", *OPTIONS],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    stub = (tmp_path / "stubs/paint_thrift.pyi").read_text("utf-8")
    for line in (
        "class Color(IntEnum):",
        "    RED = 1",
        "    class__ = 6",
        "    class_ = 7",
        "    used: Final[set[Color | int] | None]",
        "    rows: Final[set[tuple[frozenset[int], ...]] | None]",
        "    maps: Final[Collection[dict[int, int]] | None]",
        "    keyed: Final[dict[tuple[int, ...], set[str]] | None]",
    ):
        assert f"{line}\n" in stub, stub
    loading = (
        "made = {'enums': 'int_enum', 'sets': 'set', 'frozen': True}\n"
        "fastthrift.load('paint.thrift', 'paint_thrift', **made)"
    )
    done = stubtest(tmp_path, loading, "paint_thrift", "shared_thrift", stubs="stubs")
    assert done.returncode == 0, done.stdout + done.stderr


def test_typedefs_are_types_whatever_they_are_called(tmp_path: Path) -> None:
    (tmp_path / "shared.thrift").write_text(SHARED)
    (tmp_path / "names.thrift").write_text(
        'include "shared.thrift"\n'
        "typedef string dict\ntypedef i32 TypeAlias\ntypedef map<TypeAlias, dict> int\n"
        "struct Types {}\nenum Unit { METRE = 1 }\ntypedef Types Own\ntypedef Unit Measure\n"
        "typedef set<Unit> Units\ntypedef shared.Point Place\ntypedef uuid Key\n"
        'senum Word { "a", "b" }\nservice Taker { void Own() }\n'
    )
    assert run("names.thrift", "-o", "typings", cwd=tmp_path).returncode == 0
    stub = (tmp_path / "typings/names_thrift.pyi").read_text("utf-8")
    kinds = {
        "dict": "str",
        "TypeAlias": "_int",
        "int": "_dict[_int, str]",
        "Own": "Types",
        "Measure": "_int",
        "Units": "Collection[_int]",
        "Place": "shared.Point",
        "Key": "UUID",
        "Word": "str",
    }
    body = "".join(f"    {name}: _TypeAlias = {kind}\n" for name, kind in kinds.items())
    assert f"@type_check_only\nclass _Types:\n{body}" in stub, stub
    loading = "fastthrift.load('names.thrift', 'names_thrift')"
    done = stubtest(tmp_path, loading, "names_thrift", stubs="typings")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "program.py").write_text("import names_thrift\n\nprint(names_thrift.Own)\n")
    assert mypy(tmp_path, "program.py") == set()
    assert pyright(tmp_path) == []


#: Services that define a method again which they inherit, and a program that calls both.
OVERRIDING = """\
service Base {
  i32 ping(1: i32 a)
  void same(1: string s = "x")
  oneway void stats(1: i32 n)
  void close(1: i32 n)
}
service Derived extends Base {
  string ping(1: string a, 2: i32 b)
  void same(1: string s = "x")
  /** Without a number. */
  void stats()
  void close()
  i32 more()
}
service Last extends Derived {
  void ping()
  void stats(1: list<map<string, list<string>>> figures, 2: map<string, list<string>> others)
  map<string, map<string, map<string, string>>> same(
    1: map<string, map<string, map<string, map<string, map<string, string>>>>> a)
}
"""
OVERRIDING_PROGRAM = """\
import over_thrift as over
from fastthrift import ClientPool
from fastthrift.rpc import make_aio_client, make_client, make_server
from typing_extensions import assert_type


class Handler:
    def ping(self, a: str, b: int) -> str:
        return a * b

    def same(self, s: str) -> None: ...
    def stats(self) -> None: ...
    def close(self) -> None: ...
    def more(self) -> int:
        return 1


def called() -> None:
    client = make_client(over.Derived)
    assert_type(client.ping("a", b=2), str)
    assert_type(client.more(), int)
    client.tclose()
    client.ping(1)  # wrong
    assert_type(make_client(over.Base).ping(1), int)
    make_client(over.Base).ping("a", 2)  # wrong
    assert_type(make_client(over.Last).ping(), None)
    assert_type(make_client(over.Last).more(), int)
    pool = ClientPool(over.Derived, "tcp://localhost:1")
    assert_type(pool.ping("a", 2), str)
    assert_type(pool.stats_(), None)
    make_server(over.Derived, Handler())
    make_server(over.Base, Handler())  # wrong


async def awaited() -> None:
    client = await make_aio_client(over.Derived)
    assert_type(await client.ping("a", 2), str)
    await client.ping(1)  # wrong
"""


def test_a_method_that_overrides_an_inherited_one_is_as_the_derived_service_has_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "over.thrift").write_text(OVERRIDING)
    (tmp_path / "program.py").write_text(OVERRIDING_PROGRAM)
    assert run("over.thrift", "-o", "typings", cwd=tmp_path).returncode == 0
    wrong = {("program.py", line) for line in marked(OVERRIDING_PROGRAM)}
    assert mypy(tmp_path, "program.py") == wrong
    assert mypy(tmp_path, "typings/over_thrift.pyi") == set()
    found = pyright(tmp_path)
    at = {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in found}
    assert at == wrong, found
    assert_formatted(tmp_path / "typings")
    loading = "fastthrift.load('over.thrift', 'over_thrift')"
    done = stubtest(tmp_path, loading, "over_thrift", stubs="typings")
    assert done.returncode == 0, done.stdout + done.stderr


def test_methods_called_as_what_clients_have_are_no_mistakes_of_stubs(tmp_path: Path) -> None:
    (tmp_path / "hidden.thrift").write_text("""
        service Base { void client() i32 aclose() }
        service Service extends Base {
          bool is_open() void reopen() i32 with_options(1: i32 a) string with_fields()
        }
        service Last extends Service { void more() }
        exception Failed { 1: string args }
    """)
    assert run("hidden.thrift", "-o", "typings", cwd=tmp_path).returncode == 0
    assert mypy(tmp_path, "typings/hidden_thrift.pyi") == set()
    assert pyright(tmp_path, "typings/hidden_thrift.pyi") == []
    assert_formatted(tmp_path / "typings")


def test_defaults_of_containers_of_binary_are_of_text_as_they_are_in_the_module(
    tmp_path: Path,
) -> None:
    (tmp_path / "held.thrift").write_text(
        "struct Held {\n"
        '  1: list<binary> l = ["a"]\n  2: map<binary, i32> m = {"k": 1}\n'
        '  3: set<binary> s = ["a"]\n  4: list<map<i32, binary>> n = [{1: "a"}]\n'
        '  5: map<binary, list<i32>> a = {"k": [1]}\n  6: list<binary> none = []\n'
        '  7: list<string> text = ["a"]\n  8: list<binary> bare\n}\n'
    )
    program = (
        "import held_thrift as held\nfrom fastthrift import decode\n"
        "from typing_extensions import assert_type\n\n\n"
        "def read(one: held.Held) -> None:\n"
        "    assert_type(one.l, list[bytes] | list[str])\n"
        "    assert_type(one.m, dict[bytes, int] | dict[str, int])\n"
        "    for each in one.s:\n"
        "        assert_type(each, bytes | str)\n"
        "    assert_type(one.n, list[dict[int, bytes]] | list[dict[int, str]])\n"
        "    assert_type(one.none, list[bytes])\n"
        "    assert_type(one.text, list[str])\n"
        "    assert_type(one.bare, list[bytes] | None)\n"
        "    one.l = [bytearray(b'a')]\n"
        "    one.l = ['a']\n"
        "    one.m = {'a': 1}\n"
        "    held.Held(l=['a'], m={b'k': 1}, a={'k': [1]})\n"
        "    one.none = ['a']  # wrong\n"
        "    one.l[0].decode()  # wrong\n"
        "    for key in decode(held.Held, b'', arrays='array').a:\n"
        "        assert_type(key, bytes | str)\n"
    )
    (tmp_path / "program.py").write_text(program)
    assert run("held.thrift", "-o", "typings", cwd=tmp_path).returncode == 0
    assert mypy(tmp_path, "program.py") == {("program.py", line) for line in marked(program)}
    assert mypy(tmp_path, "typings/held_thrift.pyi") == set()
    held = fastthrift.load(str(tmp_path / "held.thrift"), "held_thrift")
    # Both are what the types say: what a struct is made with, and what was read.
    made = held.Held()
    read = fastthrift.decode(held.Held, fastthrift.encode(made))
    assert (made.l, made.m, made.s, made.n) == (["a"], {"k": 1}, {"a"}, [{1: "a"}])
    assert (read.l, read.m, read.s, read.n) == ([b"a"], {b"k": 1}, [b"a"], [{1: b"a"}])


def test_pyright_finds_nothing_in_the_stubs_of_all_good_files(fixtures: Path) -> None:
    found = pyright(fixtures, "stubs")
    assert not found, "\n".join(f"{each['file']}: {each['message']}" for each in found)


def test_every_stub_parses_and_is_formatted(fixtures: Path) -> None:
    stubs = list((fixtures / "stubs").rglob("*.pyi"))
    assert len(stubs) >= len(list((IDL / "good").glob("*.thrift")))
    for stub in stubs:
        ast.parse(stub.read_text("utf-8"))
    assert_formatted(fixtures / "stubs")


def assert_formatted(stubs: Path) -> None:
    for width in ("88", "100"):
        done = subprocess.run(
            ["ruff", "format", "--isolated", "--diff", f"--line-length={width}", "."],
            cwd=stubs,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_doc_comments_are_docstrings(files: Path) -> None:
    run("calc.thrift", "-o", ".", cwd=files)
    tree = ast.parse((files / "calc_thrift.pyi").read_text("utf-8"))
    assert ast.get_docstring(tree) == "Sums."
    found = {
        node.name: ast.get_docstring(node)
        for node in ast.walk(tree)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }
    assert (found["Area"], found["add"], found["Either"]) == ("An area.", "The sum.", None)


def test_doc_comments_of_fields_items_and_constants_are_strings_behind_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "told.thrift").write_text(
        "/** Of what. */ typedef i64 Id\n"
        "/** At most,\n * never more. */ const i32 MOST = 3\n"
        "enum Unit { /** SI. */ METRE = 1, FOOT = 2 }\n"
        "struct Area { /** A name. */ 1: string name, 2: Id id }\n"
        "exception Missing { /** Why. */ 1: string why }\n"
    )
    for options in ([], OPTIONS):
        run("told.thrift", "-o", ".", *options, cwd=tmp_path)
        stub = (tmp_path / "told_thrift.pyi").read_text("utf-8")
        for above, doc in (
            (r"Id: Final.*", "Of what."),
            (r"    Id: TypeAlias = int", "Of what."),
            (r"MOST: Final.*", "At most,\nnever more."),
            (r"    METRE.* = 1", "SI."),
            ("    name: .*", "A name."),
            (r"    why: .*", "Why."),
        ):
            found = re.search(rf'^{above}\n *"""((?:.|\n)*?)"""$', stub, re.MULTILINE)
            assert found, (above, stub)
            assert found[1].rstrip() == doc
        ast.parse(stub)
        assert stub.count('"""') == 12
        # Of the module, the enum, the struct and the exception.
        assert stub.count("__fastthrift_docs__: ") == 4
    run_checker = [sys.executable, "-m", "mypy", "--strict", "told_thrift.pyi"]
    done = subprocess.run(
        run_checker, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout


def test_files_that_have_not_changed_are_left_alone(files: Path) -> None:
    done = run("calc.thrift", "-o", "out", cwd=files)
    assert sorted(done.stdout.split()) == ["out/calc_thrift.pyi", "out/shared_thrift.pyi"]
    done = run("calc.thrift", "-o", "out", cwd=files)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_check_tells_of_stubs_that_are_missing_or_old(files: Path) -> None:
    done = run("--check", "calc.thrift", "-o", "out", cwd=files)
    assert done.returncode == 1
    assert "out/calc_thrift.pyi is missing" in done.stderr
    assert not (files / "out").exists()
    assert run("calc.thrift", "-o", "out", cwd=files).returncode == 0
    assert run("--check", "calc.thrift", "-o", "out", cwd=files).returncode == 0
    (files / "shared.thrift").write_text(SHARED.replace("2: optional", "2: required"))
    done = run("--check", "calc.thrift", "-o", "out", cwd=files)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("out/shared_thrift.pyi is not what its Thrift file says")
    assert "calc_thrift" not in done.stderr


def put(path: Path, text: str) -> None:
    """In one step: a file that is being written is another mistake."""
    new = path.with_name("new")
    new.write_text(text)
    new.replace(path)


@pytest.fixture
def watching(request: pytest.FixtureRequest, files: Path) -> Iterator[subprocess.Popen[str]]:
    watched = getattr(request, "param", "calc.thrift")
    command = [sys.executable, "-m", "fastthrift", "stubs", "--watch", watched, "-o", "out"]
    process = subprocess.Popen(
        command, cwd=files, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    # What does not come fails, and hangs nobody.
    limit = threading.Timer(120, process.kill)
    limit.start()
    yield process
    limit.cancel()
    process.kill()
    process.communicate()


def test_watch_writes_again_when_a_file_has_changed(
    files: Path, watching: subprocess.Popen[str]
) -> None:
    assert watching.stdout is not None
    lines = watching.stdout
    assert {lines.readline(), lines.readline()} == {
        "out/shared_thrift.pyi\n",
        "out/calc_thrift.pyi\n",
    }
    # A mistake is told of, and leaves the stub as it is; then it is mended.
    put(files / "shared.thrift", "struct Point {")
    assert lines.readline().startswith("error[syntax]")
    put(files / "shared.thrift", SHARED.replace("double y", "i32 y"))
    while (line := lines.readline()) != "out/shared_thrift.pyi\n":
        assert line, "it has ended"
    assert "y: int | None" in (files / "out" / "shared_thrift.pyi").read_text()


@pytest.mark.parametrize("watching", ["."], indirect=True)
def test_watch_sees_new_files_of_a_directory(files: Path, watching: subprocess.Popen[str]) -> None:
    assert watching.stdout is not None
    lines = watching.stdout
    assert {lines.readline(), lines.readline()} == {
        "out/shared_thrift.pyi\n",
        "out/calc_thrift.pyi\n",
    }
    put(files / "other.thrift", "struct Other {}\n")
    assert lines.readline() == "out/other_thrift.pyi\n"


@pytest.fixture
def wrong_include(files: Path) -> None:
    (files / "shared.thrift").write_text("struct Point { 1: Nowhere x }\n")


@pytest.fixture
def missing_include(files: Path) -> None:
    (files / "shared.thrift").unlink()


@pytest.mark.parametrize(
    ("mistake", "told"),
    [("wrong_include", "error[unknown-type]"), ("missing_include", "error[missing-include]")],
)
def test_watch_sees_that_an_include_is_mended_that_was_wrong_from_the_start(
    mistake: str, told: str, request: pytest.FixtureRequest, files: Path
) -> None:
    request.getfixturevalue(mistake)
    lines = request.getfixturevalue("watching").stdout
    assert lines.readline().startswith(told)
    # More than the time between two looks: what is read for the first time is read once more.
    time.sleep(1)
    put(files / "shared.thrift", SHARED)
    while (line := lines.readline()) != "out/calc_thrift.pyi\n":
        assert line, "it has ended"
        assert told not in line, "a mistake is told once"


def test_modules_of_a_package_import_each_other_from_it(files: Path) -> None:
    done = run("calc.thrift", "-o", "src", "--package", "shop.idl", cwd=files)
    assert done.returncode == 0
    text = (files / "src" / "shop" / "idl" / "calc_thrift.pyi").read_text()
    assert "import shop.idl.shared_thrift as shared\n" in text
    assert (files / "src" / "shop" / "idl" / "shared_thrift.pyi").exists()
    for name in ("no-name", "shop.class"):
        done = run("calc.thrift", "-o", "src", "--package", name, cwd=files)
        assert (done.returncode, done.stderr) == (2, f"error: {name!r} is no name of a package\n")


def test_mistakes_are_told_with_their_place_and_nothing_is_written(files: Path) -> None:
    (files / "calc.thrift").write_text("struct A { 1: Unknown b }\n")
    done = run("calc.thrift", "-o", "out", cwd=files)
    assert done.returncode == 1
    assert "calc.thrift:1:" in done.stderr
    assert not (files / "out").exists()
    done = run("nowhere.thrift", "-o", "out", cwd=files)
    assert done.returncode == 1
    assert "cannot read nowhere.thrift" in done.stderr
    done = run(os.fsdecode(b"\xff.thrift"), "-o", "out", cwd=files)
    assert (done.returncode, "its name is not UTF-8" in done.stderr) == (1, True)
    done = run("shared.thrift", "-o", "calc.thrift", cwd=files)
    assert done.returncode == 1
    assert done.stderr.endswith("shared_thrift.pyi: calc.thrift is no directory\n")


def test_a_file_that_is_given_and_included_is_one_module_by_two_names(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/shared.thrift").write_text(SHARED)
    (tmp_path / "sub/base.thrift").write_text(
        'include "shared.thrift"\n/** Some. */ const i32 _SOME = 3\ntypedef list<i32> Ints\n'
        "struct Base { 1: required i32 id, 2: list<i32> numbers, 3: shared.Point at }\n"
    )
    (tmp_path / "main.thrift").write_text(
        'include "sub/base.thrift"\nstruct Main { 1: required base.Base base }\n'
    )
    program = (
        "import fastthrift\nfrom typing_extensions import assert_type\n\n"
        "fastthrift.load('sub/base.thrift', 'base_thrift')\n"
        "fastthrift.load('main.thrift', 'main_thrift')\n"
        "import base_thrift\nimport main_thrift\n\n"
        "main = main_thrift.Main(base_thrift.Base(1, at=base_thrift.shared.Point(1.0)))\n"
        "assert_type(main.base, base_thrift.Base)\n"
        "assert isinstance(main.base, base_thrift.Base)\n"
        "print(base_thrift._SOME + 1, base_thrift.__fastthrift_docs__['_SOME'])\n"
        "assert_type(base_thrift.__thrift_file__, str)\n\n\n"
        "def sums(numbers: 'base_thrift.Types.Ints') -> int:\n    return sum(numbers)\n"
    )
    (tmp_path / "program.py").write_text(program)
    files = ["main.thrift", "sub/base.thrift"]
    for order in (files, files[::-1]):
        shutil.rmtree(tmp_path / "typings", ignore_errors=True)
        done = run(*order, "-o", "typings", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert mypy(tmp_path, "program.py") == set()
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("4 Some.\n", "")


def test_a_directory_stands_for_the_files_below_it(tmp_path: Path) -> None:
    for folder in ("idl/shop", "idl/.venv", "none"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "idl/shared.thrift").write_text(SHARED)
    (tmp_path / "idl/.venv/shared.thrift").write_text("struct {")
    (tmp_path / "idl/shop/item.thrift").write_text(
        'include "../shared.thrift"\nstruct Item { 1: required shared.Point at }\n'
    )
    done = run("idl", "-o", "typings", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["typings/shared_thrift.pyi", "typings/shop/item_thrift.pyi"]
    # As the import hook names them, where the directory is in `sys.path`.
    (tmp_path / "idl/shop/__init__.py").write_text("")
    loading = (
        "sys.path.insert(0, 'idl'); fastthrift.install_import_hook()\n"
        "import shared_thrift, shop.item_thrift\n"
    )
    done = stubtest(tmp_path, loading, "shared_thrift", "shop.item_thrift", stubs="typings")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "idl/shop/item.thrift").write_text("struct Item {}\n")
    done = run("idl", "-o", "typings", "--check", cwd=tmp_path)
    assert (done.returncode, done.stderr.split()[0]) == (1, "typings/shop/item_thrift.pyi")
    for more in ((), ("--check",), ("--watch",)):
        done = run("none", "-o", "typings", *more, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (2, "error: none has no .thrift files\n")


def test_two_files_with_one_stub_are_refused(files: Path) -> None:
    (files / "other").mkdir()
    (files / "other" / "calc.thrift").write_text("struct A {}\n")
    done = run("calc.thrift", "other/calc.thrift", "-o", "out", cwd=files)
    assert done.returncode == 1
    assert "have the same stub, out/calc_thrift.pyi" in done.stderr


def test_the_options_of_pools_are_known_to_type_checkers() -> None:
    options = list(inspect.signature(ClientPool).parameters.values())
    keywords = [each.name for each in options if each.kind is inspect.Parameter.KEYWORD_ONLY]
    assert sorted(PoolKeywords.__annotations__) == sorted(keywords)
    service = fastthrift.load_fp(
        io.StringIO("service Options {}"), "options_of_pools_thrift"
    ).Options
    with ClientPool(service, "tcp://localhost:1") as pool, pytest.raises(TypeError) as refused:
        pool.with_options(timout=1.0)
    assert str(refused.value).endswith(
        f"there are {', '.join(sorted(ViewKeywords.__annotations__))}"
    )
