"""fastthrift under thriftpy2's names. Each test runs a program in a process of its own."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap

import pytest
import thriftpy2
import thriftpy2.protocol
import thriftpy2.thrift
import thriftpy2.transport
from support import children

APPLICATION = """
import sys
import thriftpy2
import thriftpy2.rpc
import thriftpy2.http as http
import thriftpy2.contrib.tracking
from thriftpy2 import load, load_fp, parser
from thriftpy2.contrib.tracking.tracker import ctx
from thriftpy2.parser.exc import ThriftParserError
from thriftpy2.protocol import TCyBinaryProtocolFactory, TJSONProtocolFactory
from thriftpy2.protocol.apache_json import TApacheJSONProtocol
from thriftpy2.protocol.binary import TBinaryProtocol
from thriftpy2.protocol.cybin import ProtocolError, TCyBinaryProtocol
from thriftpy2.protocol.exc import TProtocolException
from thriftpy2.protocol.json import struct_to_json
from thriftpy2.rpc import client_context, make_client, make_server
from thriftpy2.server import TThreadedServer
from thriftpy2.thrift import TClient, TException, TPayload, TProcessor, TType
from thriftpy2.transport import TCyBufferedTransportFactory, TServerSocket, TSocket
from thriftpy2.transport.buffered import TBufferedTransport
from thriftpy2.transport.sasl import TSaslClientTransport
from thriftpy2.transport.sslsocket import TSSLSocket
from thriftpy2.utils import deserialize, serialize
import thriftpy
from thriftpy.transport.framed import TFramedTransportFactory
import thriftpy.protocol.compact as compact
import io, threading

module = load_fp(io.StringIO(\"\"\"
    struct Item { 1: string name }
    exception Missing { 1: string name }
    service Shop { Item find(1: string name) throws (1: Missing missing) }
\"\"\"), "shop_thrift")

class Handler:
    def find(self, name):
        if name == "none":
            raise module.Missing(name)
        return module.Item(name)

trans = TServerSocket("127.0.0.1", 0, client_timeout=120_000)
trans.listen()
server = TThreadedServer(
    TProcessor(module.Shop, Handler()), trans,
    iprot_factory=TCyBinaryProtocolFactory(), itrans_factory=TCyBufferedTransportFactory(),
)
thread = threading.Thread(target=server.serve)
thread.start()
port = trans.sock.getsockname()[1]
with client_context(module.Shop, "127.0.0.1", port, socket_timeout=120_000) as client:
    assert client.find("pen") == module.Item("pen")
    try:
        client.find("none")
    except module.Missing as error:
        assert isinstance(error, TException) and error.name == "none"
    else:
        raise AssertionError
server.close()
thread.join()
assert struct_to_json(module.Item("x")) == {"name": "x"}
print(thriftpy2.__name__, *sys.argv[1:])
"""


@pytest.fixture
def run(tmp_path):
    """Run a program and give its output; `command` is what comes before its text."""

    def run(program, *command, fails=False, **kwargs):
        command = command or ("-c", textwrap.dedent(program))
        output = subprocess.run(
            [sys.executable, "-W", "error", *command],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            cwd=tmp_path,
            env=children.environment(),
            **kwargs,
        )
        assert (output.returncode != 0) is fails, output.stderr + output.stdout
        return output.stderr if fails else output.stdout

    return run


def installed(program):
    return "import fastthrift\nfastthrift.install_as_thriftpy()\n" + textwrap.dedent(program)


def test_an_application_runs_unchanged(run):
    assert run(installed(APPLICATION)) == "fastthrift\n"


def test_import_as(run):
    program = """
        import fastthrift as thriftpy2
        import fastthrift.rpc, fastthrift.transport, fastthrift.protocol
        assert thriftpy2.rpc.make_client and thriftpy2.transport.TSSLSocket
        assert thriftpy2.transport.sslsocket.TSSLSocket is thriftpy2.transport.TSSLSocket
        assert thriftpy2.protocol.json.TJSONProtocol is thriftpy2.protocol.TJSONProtocol
        assert thriftpy2.protocol.apache_json and thriftpy2.transport.sasl
        assert thriftpy2.parser.load and thriftpy2.thrift.TPayload
        try:
            thriftpy2.transport.unheard_of
        except AttributeError as error:
            assert "unheard_of" in str(error)
        else:
            raise AssertionError
    """
    run(program)


def test_every_module_is_the_same_object(run):
    program = """
        import importlib, pkgutil, sys
        names = [m.name for m in pkgutil.walk_packages(fastthrift.__path__, "fastthrift.")
                 if "__main__" not in m.name and "contrib.flask" not in m.name
                 and "contrib.django" not in m.name]
        assert "fastthrift.protocol.cybin.cybin" in names
        early = names[::2]
        for name in early:
            importlib.import_module(name)
        for name in ["fastthrift", *names]:
            for alias in ("thriftpy2", "thriftpy"):
                aliased = importlib.import_module(alias + name[len("fastthrift"):])
                real = importlib.import_module(name)
                assert aliased is real, name
                assert real.__name__ == name == real.__spec__.name, (name, real.__spec__)
        for name in names:
            parent, _, child = name.rpartition(".")
            assert getattr(sys.modules[parent], child) is sys.modules[name]
        from thriftpy2.transport import TSocket
        from fastthrift.transport.socket import TSocket as other
        assert TSocket is other
        importlib.reload(sys.modules["thriftpy2.utils"])
    """
    run(installed(program))


def test_modules_that_packages_import_are_their_attributes(run):
    program = """
        import thriftpy2.transport
        assert thriftpy2.transport.cybase.CyTransportBase
        assert thriftpy2.transport.sasl.cysasl.TCySaslClientTransport
        try:
            thriftpy2.transport.sasl.unheard_of
        except AttributeError as error:
            assert "unheard_of" in str(error)
        else:
            raise AssertionError
    """
    run(installed(program))


@pytest.mark.difference("version-of-the-alias")
def test_the_version_is_the_packages_own_under_every_name(run):
    program = """
        import thriftpy2
        assert thriftpy2.__version__ == fastthrift.__version__
    """
    run(installed(program))


def test_modules_that_do_not_exist(run):
    program = """
        try:
            import thriftpy2.tornado
        except ModuleNotFoundError as error:
            assert error.name == "thriftpy2.tornado", error
        else:
            raise AssertionError
    """
    run(installed(program))


def test_installing_is_refused_when_the_real_package_is_there(run):
    errors = run(
        "import thriftpy2.protocol, fastthrift; fastthrift.install_as_thriftpy()", fails=True
    )
    assert "ImportError: thriftpy2 was already imported from" in errors
    assert "at the start of the program" in errors


def test_installing_twice_and_uninstalling(run):
    program = """
        import sys
        fastthrift.install_as_thriftpy()
        import thriftpy2, thriftpy2.rpc
        fastthrift.install_as_thriftpy()
        assert thriftpy2 is fastthrift
        before = len(sys.meta_path)
        fastthrift.uninstall_as_thriftpy()
        assert len(sys.meta_path) == before - 1
        assert not [name for name in sys.modules if name.startswith("thriftpy")]
        fastthrift.uninstall_as_thriftpy()
        import thriftpy2
        assert thriftpy2 is not fastthrift and thriftpy2.__version__ == "0.7.1"
        fastthrift.uninstall_as_thriftpy()
        assert sys.modules["thriftpy2"] is thriftpy2
    """
    run(installed(program))


def test_pickles_of_thriftpy2_load(run, tmp_path):
    values = [
        thriftpy2.thrift.TApplicationException(6, "text"),
        thriftpy2.transport.TTransportException(4, "end"),
        thriftpy2.thrift.TType,
        thriftpy2.thrift.TPayload,
        thriftpy2.transport.TSocket,
        thriftpy2.protocol.TBinaryProtocolFactory,
    ]
    (tmp_path / "pickled").write_bytes(pickle.dumps(values))
    program = """
        import pathlib, pickle
        from fastthrift import protocol, thrift, transport
        values = pickle.loads(pathlib.Path("pickled").read_bytes())
        error, end, *classes = values
        assert type(error) is thrift.TApplicationException
        assert (error.type, error.message) == (6, "text")
        assert type(end) is transport.TTransportException and end.type == 4
        assert classes == [thrift.TType, thrift.TPayload, transport.TSocket,
                           protocol.TBinaryProtocolFactory]
        assert pickle.loads(pickle.dumps(error)).message == "text"
    """
    run(installed(program))


def test_loaded_modules_and_the_import_hook(run, tmp_path):
    (tmp_path / "things.thrift").write_text("struct Thing { 1: i32 n }")
    program = """
        import sys, pickle
        sys.path.insert(0, ".")
        import thriftpy2
        thriftpy2.install_import_hook()
        import things_thrift
        thing = things_thrift.Thing(5)
        assert pickle.loads(pickle.dumps(thing)) == thing
        assert isinstance(thing, thriftpy2.thrift.TPayload)
    """
    run(installed(program))


# --- python -m fastthrift.compat ------------------------------------------------------------------


def test_a_script(run, tmp_path):
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "helper.py").write_text("value = 5\n")
    script = tmp_path / "apps" / "app.py"
    script.write_text(
        APPLICATION
        + "import helper, os\n"
        + "assert __name__ == '__main__' and sys.modules['__main__'].__dict__ is globals()\n"
        + "assert sys.argv[0] == os.path.join('apps', 'app.py')\n"
    )
    output = run("", "-m", "fastthrift.compat", os.path.join("apps", "app.py"), "a", "--flag")
    assert output == "fastthrift a --flag\n"


# What `python script.py` gives a script, and what a script may ask of it.
ASKING = """
import builtins, dataclasses, inspect, json, os, pickle, sys, typing

@dataclasses.dataclass
class Point:
    x: int = 1

def main():
    facts = {
        "file": __file__, "argv": sys.argv, "path": sys.path[0], "spec": __spec__,
        "package": __package__, "loader": type(__loader__).__name__,
        "builtins": __builtins__ is builtins,
        # No `from __future__ import annotations` but a script's own.
        "annotations": repr(Point.__annotations__), "hints": repr(typing.get_type_hints(Point)),
        "source": inspect.getsource(Point), "pickled": repr(pickle.loads(pickle.dumps(Point(2)))),
    }
    os.chdir("/")
    facts["found"] = os.path.exists(__file__)
    print(json.dumps(facts, indent=1))

main()
"""


def test_a_script_finds_what_python_gives_it(run, tmp_path):
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "asking.py").write_text(ASKING)
    (tmp_path / "linked.py").symlink_to(tmp_path / "apps" / "asking.py")
    for script in (os.path.join("apps", "asking.py"), "linked.py"):
        assert run("", "-m", "fastthrift.compat", script, "a") == run("", script, "a")


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["nofile.py"], "can't open nofile.py: No such file or directory"),
        (["empty"], "can't find a module __main__ in empty"),
        (["-m", "nomod"], "no module named nomod"),
        (["-m", "nomod.sub"], "No module named 'nomod'"),
        (["-m", "package"], "package is a package without a module __main__"),
        (["-c", "print(1)"], "no option -c: a script comes first, or -m and a module"),
        (["-"], "no option -: a script comes first, or -m and a module"),
    ],
)
def test_what_cannot_be_run_is_told_in_a_line(run, tmp_path, command, problem):
    (tmp_path / "empty").mkdir()
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    errors = run("", "-m", "fastthrift.compat", *command, fails=True)
    assert errors == f"python -m fastthrift.compat: {problem}\n"


def test_an_import_that_fails_in_a_module_is_the_programs_own_error(run, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("import unheard_of\n")
    errors = run("", "-m", "fastthrift.compat", "-m", "package.app", fails=True)
    assert "Traceback" in errors
    assert "No module named 'unheard_of'" in errors


def test_a_module(run, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("")
    (tmp_path / "app" / "__main__.py").write_text(APPLICATION)
    assert run("", "-m", "fastthrift.compat", "-m", "app", "a", "b") == "fastthrift a b\n"


def test_a_directory(run, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import helper\n" + APPLICATION)
    (tmp_path / "app" / "helper.py").write_text("")
    assert run("", "-m", "fastthrift.compat", "app", "a") == "fastthrift a\n"


def test_exit_codes_and_tracebacks(run, tmp_path):
    (tmp_path / "leave.py").write_text("import sys\nsys.exit('goodbye')\n")
    assert run("", "-m", "fastthrift.compat", "leave.py", fails=True) == "goodbye\n"
    (tmp_path / "fail.py").write_text("import thriftpy2\nthriftpy2.unheard_of\n")
    errors = run("", "-m", "fastthrift.compat", "fail.py", fails=True)
    assert "module 'fastthrift' has no attribute 'unheard_of'" in errors
    assert 'fail.py", line 2' in errors


def test_forked_children(run, tmp_path):
    (tmp_path / "forking.py").write_text(
        textwrap.dedent(
            """
            import multiprocessing, pickle, threading
            class Mine:
                pass
            def work(queue):
                import thriftpy2.rpc
                queue.put((thriftpy2.__name__, Mine()))
            if __name__ == "__main__":
                context = multiprocessing.get_context("fork")
                queue = context.Queue()
                process = context.Process(target=work, args=(queue,))
                process.start()
                name, mine = queue.get(timeout=120)
                process.join()
                assert isinstance(mine, Mine)
                print(name)
            """
        )
    )
    assert run("", "-m", "fastthrift.compat", "forking.py") == "fastthrift\n"


def test_usage(run):
    assert run("", "-m", "fastthrift.compat", "--help").startswith("usage: ")
    for command in ([], ["-m"]):
        assert "usage: " in run("", "-m", "fastthrift.compat", *command, fails=True)


# --- What importing costs -----------------------------------------------------------------------


def test_imports_are_lazy(run):
    program = """
        import sys
        before = set(sys.modules)
        import fastthrift, fastthrift.rpc, fastthrift.transport, fastthrift.protocol
        loaded = set(sys.modules) - before
        unwanted = {"ssl", "asyncio", "http", "http.client", "json", "runpy", "ijson", "ply"}
        assert not loaded & unwanted, loaded & unwanted
        from fastthrift.protocol import *
        from fastthrift.transport import *
        assert TJSONProtocol and TSSLSocket and TSaslClientTransport
        assert set(fastthrift.transport.__all__) <= set(globals())
    """
    run(program)


def test_names_of_lazy_imports_are_listed():
    import fastthrift.protocol
    import fastthrift.transport

    for package in (fastthrift.protocol, fastthrift.transport):
        for name, home in package._LAZY.items():
            if home and not name.startswith("_"):
                assert name in package.__all__
                assert getattr(package, name) is not None


def test_the_package_lists_its_names_and_not_what_it_is_made_with(run):
    program = """
        import sys, fastthrift
        listed = dir(fastthrift)
        assert set(fastthrift.__all__) | {"thrift", "__version__"} <= set(listed)
        assert not {"lazy_attribute", "sys", "TYPE_CHECKING", "annotations"} & set(listed)
        assert "fastthrift.pool" not in sys.modules
        assert all(getattr(fastthrift, name) is not None for name in listed if name != "__doc__")
    """
    run(program)


def test_nothing_of_thriftpy2_is_needed(run):
    program = """
        import sys, fastthrift.rpc, fastthrift.http, fastthrift.protocol.apache_json
        import fastthrift.contrib.tracking
        assert not {"thriftpy2", "ply", "ijson", "thrift"} & set(sys.modules)
    """
    run(program)
