"""Programs that are frozen: what PyInstaller, cx_Freeze and others find of the package.

They read the code of a program for its imports, also those that stand under a condition which is
never true, and put what these lead to beside it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import fastthrift
import pytest
from support.package_rooms import PACKAGE, Module, found_from, package_files, read_package

REPOSITORY = Path(__file__).parents[3]
APACHE = f"{PACKAGE}.contrib.apache"


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    root = Path(fastthrift.__file__).parent
    return read_package(package_files(root), [f"{PACKAGE}._core"])


def test_what_the_core_imports_stands_in_python_code_as_well(modules: dict[str, Module]) -> None:
    texts = [path.read_text("utf-8") for path in (REPOSITORY / "src").rglob("*.rs")]
    named = {name for text in texts for name in re.findall(rf'"({PACKAGE}\.[\w.]+)"', text)}
    imported = sorted(named & modules.keys())
    assert f"{PACKAGE}._payload" in imported
    # What is for generated code of Apache's is with those alone who import that.
    found = {start: found_from(modules, start) for start in (PACKAGE, APACHE)}
    homes = {name: APACHE if name.startswith(f"{APACHE}.") else PACKAGE for name in imported}
    assert [name for name, home in homes.items() if name not in found[home]] == []
    assert APACHE not in found[PACKAGE]


def test_what_is_imported_by_name_stands_in_imports_as_well(modules: dict[str, Module]) -> None:
    unseen = {
        (name, each.imported)
        for name, module in modules.items()
        for each in module.imports
        if each.by_name and each.imported not in found_from(modules, name)
    }
    assert unseen == set()


PROGRAM = '''
import asyncio, io, threading
import fastthrift
from fastthrift.pool import ClientPool
from fastthrift.rpc import client_context, make_aio_client
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TProcessor
from fastthrift.transport import TMemoryBuffer, TServerSocket

shop = fastthrift.load_fp(io.StringIO("""
    enum Kind { A = 1 }
    struct Item { 1: i32 n, 2: Kind kind }
    service Shop { Item same(1: Item item) }
"""), "shop_thrift", enums="int_enum")

class Handler:
    def same(self, item):
        return item

async def ask(port, item):
    async with await make_aio_client(shop.Shop, "127.0.0.1", port) as client:
        return await client.same(item)

item = shop.Item(1, shop.Kind.A)
print(item, vars(item), fastthrift.from_json(shop.Item, fastthrift.to_json(item)) == item)
print(type(TMemoryBuffer(b"some")._buffer).__name__)
trans = TServerSocket("127.0.0.1", 0)
trans.listen()
port = trans.sock.getsockname()[1]
server = TThreadedServer(TProcessor(shop.Shop, Handler()), trans)
serving = threading.Thread(target=server.serve)
serving.start()
with client_context(shop.Shop, "127.0.0.1", port) as client:
    print("threads", client.same(item) == item)
with ClientPool(shop.Shop, f"tcp://127.0.0.1:{port}?protocol=binary") as pool:
    print("pool", pool.same(item) == item)
print("asyncio", asyncio.run(ask(port, item)) == item)
server.close()
serving.join()
'''


def test_a_program_runs_with_what_is_found(modules: dict[str, Module], tmp_path: Path) -> None:
    """As PyInstaller would put it together: what its imports lead to, and nothing else."""
    root = Path(fastthrift.__file__).parent
    imported = [f"{PACKAGE}.{name}" for name in re.findall(rf"from {PACKAGE}\.(\w+)", PROGRAM)]
    found = set.union(*(found_from(modules, name) for name in imported))
    paths = [Path(modules[name].path) for name in found & modules.keys()]
    for path in [*paths, *(each.relative_to(root) for each in root.glob("_core.*.so"))]:
        there = tmp_path / PACKAGE / path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to(root / path)
    (tmp_path / "program.py").write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{PROGRAM}"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Item(n=1, kind=<Kind.A: 1>) {'n': 1, 'kind': <Kind.A: 1>} True",
        "TransportBuffer",
        "threads True",
        "pool True",
        "asyncio True",
    ]
