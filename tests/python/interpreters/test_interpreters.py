"""Sub-interpreters, as mod_wsgi and uWSGI make them: one works, a second one is refused.

Each program runs in a process of its own: an interpreter that waits for itself cannot be stopped.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ADVICE = ["WSGIApplicationGroup %{GLOBAL}", "--single-interpreter", "its own process"]

IDL = """
import fastthrift, io
from fastthrift.thrift import TException
module = fastthrift.load_fp(io.StringIO('''
    struct Name { 1: string text, 2: i32 number, 3: double real, 4: binary raw }
    struct Names { 1: list<Name> names, 2: map<string, Name> known }
    exception Wrong { 1: string why }
    service Echo { string echo(1: string text) throws (1: Wrong wrong) }
'''), "interpreters_thrift")
"""

CAUGHT = """
def caught(call, *args, **options):
    try:
        call(*args, **options)
    except Exception as error:
        print(type(error).__name__, isinstance(error, TException), str(error).splitlines()[0])
    else:
        print("nothing was raised")
"""


def run(program: str, *options: str) -> str:
    """What a program prints that has `Interpreter`; it must end well."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", *options, "-c", textwrap.dedent(program)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_inside(program: str, *options: str) -> list[str]:
    """What a program prints in a sub-interpreter, the main one knowing nothing of fastthrift."""
    program = textwrap.dedent(program) + "\nsys.stdout.flush()\n"
    outside = f"""
        import sys
        from support.interpreters import Interpreter
        inside = Interpreter()
        inside.run({program!r})
        assert "fastthrift" not in sys.modules
        inside.end()
        print("ended")
    """
    *lines, last = run(outside, *options).splitlines()
    assert last == "ended"
    return lines


@pytest.mark.parametrize("protocol", ["binary", "compact"])
@pytest.mark.parametrize(
    "source",
    ["{}", "bytearray({})", "memoryview({})", "memoryview({} + b'!')[:-1]", "array.array('B', {})"],
)
def test_an_error_of_decoding_is_caught(protocol: str, source: str) -> None:
    data = {"binary": b"\x0b\x00\x01\x00\x00\x00\x05a", "compact": b"\x18\x05a"}[protocol]
    printed = run_inside(
        IDL
        + CAUGHT
        + "import array\n"
        + f"caught(fastthrift.decode, module.Name, {source.format(data)}, {protocol!r})"
    )
    offset = len(data) - 1
    text = f"message ends early: 5 more bytes needed, 1 left (at byte {offset}, in text)"
    assert printed == [f"TTruncatedDataException True {text}"]


def test_errors_of_values() -> None:
    printed = run_inside(
        IDL
        + CAUGHT
        + """
class Raises:
    def __int__(self): raise KeyError("own")
    __index__ = __float__ = __int__
names = [module.Name("a"), module.Name(7)]
caught(fastthrift.encode, module.Names(names))
caught(fastthrift.encode, module.Names(known={"k": module.Name(number="x")}))
caught(fastthrift.encode, module.Name(number=1 << 40))
caught(fastthrift.encode, module.Name(number=Raises()))
caught(fastthrift.encode, module.Name(real="x"))
caught(fastthrift.encode, module.Name(real=Raises()))
caught(fastthrift.encode, module.Name(text="\\ud800"))
caught(fastthrift.encode, module.Name(raw=memoryview(b"abcd")[:0]))
caught(fastthrift.encode, module.Name(raw=memoryview(b"abcd").cast("I")[:0]))
caught(fastthrift.encode, module.Names([3]))
caught(fastthrift.encode, 3)
try: fastthrift.encode(module.Name(number=Raises()))
except KeyError as error:
    while error.__traceback__.tb_next: error.__traceback__ = error.__traceback__.tb_next
    print("raised in", error.__traceback__.tb_frame.f_code.co_name)
print(fastthrift.encode(module.Name(raw=memoryview(b"abc"))))
"""
    )
    assert [line.split(" ", 2)[:2] for line in printed[:-2]] == [
        ["TEncodeException", "True"],
        ["TEncodeException", "True"],
        ["TEncodeException", "True"],
        ["KeyError", "False"],
        ["TEncodeException", "True"],
        ["KeyError", "False"],
        ["TEncodeException", "True"],
        ["nothing", "was"],
        ["TEncodeException", "True"],
        ["TEncodeException", "True"],
        ["TypeError", "False"],
    ], printed
    assert printed[-2] == "raised in __int__"
    assert printed[-1] == "b'\\x0b\\x00\\x04\\x00\\x00\\x00\\x03abc\\x00'"


def test_errors_of_bytes_classes_and_arguments() -> None:
    printed = run_inside(
        IDL
        + CAUGHT
        + """
from fastthrift import _core
from fastthrift.protocol import TBinaryProtocol, TBinaryProtocolFactory
from fastthrift.transport import TBufferedTransport, TMemoryBuffer
strict = TBinaryProtocolFactory(strict_decode=True)
invalid = b"\\x0b\\x00\\x01\\x00\\x00\\x00\\x01\\xff\\x00"
caught(fastthrift.decode, module.Name, invalid, strict)
caught(fastthrift.decode, module.Name, 3)
caught(fastthrift.decode, module.Name, memoryview(b"abcd").cast("I"))
class Fails:
    def read(self, count): raise OSError("own")
    def is_open(self): return True
class Gives(Fails):
    def __init__(self, value): self.value = value
    def read(self, count): return self.value
name = module.Name()
caught(name.read, TBinaryProtocol(Fails()))
caught(name.read, TBinaryProtocol(TBufferedTransport(Fails())))
caught(name.read, TBinaryProtocol(Gives(b"")))
caught(name.read, TBinaryProtocol(Gives(3)))
caught(name.read, TBinaryProtocol(TMemoryBuffer(b"\\x0b")))
class Bad(fastthrift.thrift.TPayload):
    thrift_spec = {"x": (11, "text", False)}
caught(fastthrift.encode, Bad())
caught(_core.load_schema, 3, [])
caught(_core.load_schema, "", [], reserved=3)
caught(TMemoryBuffer, 3)
"""
    )
    assert [line.split(" ", 2)[0] for line in printed] == [
        "TInvalidTextException",
        "TypeError",
        "TypeError",
        "OSError",
        "OSError",
        "TTransportException",
        "TypeError",
        "TTruncatedDataException",
        "TypeError",
        "TypeError",
        "TypeError",
        "TypeError",
    ], printed


def test_errors_of_loading(tmp_path: Path) -> None:
    (tmp_path / "wrong.thrift").write_text("struct {")
    (tmp_path / "lost.thrift").write_text('include "nowhere.thrift"')
    printed = run_inside(
        IDL
        + CAUGHT
        + f"""
for name in "wrong", "lost", "missing":
    caught(fastthrift.load, {str(tmp_path)!r} + f"/{{name}}.thrift", name + "_thrift")
def resolver(written, including): raise KeyError("own")
text = 'include "a.thrift"'
caught(fastthrift.load_fp, io.StringIO(text), "a_thrift", resolver=resolver)
caught(fastthrift.load_fp, io.StringIO(text), "b_thrift", resolver=lambda written, including: 3)
"""
    )
    assert [line.split(" ", 2)[0] for line in printed] == [
        "ThriftGrammarError",
        "ThriftParserError",
        "FileNotFoundError",
        "KeyError",
        "TypeError",
    ], printed


def test_the_programs_code_runs_in_the_interpreter_that_loads(tmp_path: Path) -> None:
    """Texts from a resolver and from a package are asked for while the lock is given up."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "inside.thrift").write_text("struct B { 1: i32 b }")
    printed = run_inside(
        f"""
        import io, sys
        import fastthrift
        from support.interpreters import current
        def resolver(written, including):
            print("resolver in", current() == here)
            # It loads, and meets an error, itself.
            own = fastthrift.load_fp(io.StringIO("struct D {{ 1: i32 d }}"), "d_thrift")
            try: fastthrift.decode(own.D, b"\\x08")
            except fastthrift.thrift.TException: print("caught")
            return "inner.thrift", b"struct A {{ 1: i32 a }}"
        here = current()
        text = 'include "a.thrift" struct C {{ 1: a.A a }}'.replace('a.thrift', 'inner.thrift')
        text = text.replace('a.A', 'inner.A')
        module = fastthrift.load_fp(io.StringIO(text), "c_thrift", resolver=resolver)
        print(fastthrift.decode(module.C, fastthrift.encode(module.C(module.inner.A(3)))).a.a)
        sys.path.append({str(tmp_path)!r})
        print(fastthrift.load_module("package.inside_thrift").B(4).b)
        """
    )
    assert printed == ["resolver in True", "caught", "3", "4"]


def test_log_records_arrive_where_the_program_is(tmp_path: Path) -> None:
    (tmp_path / "logged.thrift").write_text("struct A { 1: i32 a }")
    inside = f"""
        import logging, fastthrift
        class Handler(logging.Handler):
            def emit(self, record): print("inside", record.name, record.getMessage(), flush=True)
        logging.basicConfig(level=logging.DEBUG, handlers=[Handler()])
        fastthrift.load({str(tmp_path / "logged.thrift")!r}, "logged_thrift")
    """
    printed = run(
        f"""
        import logging
        from support.interpreters import Interpreter
        class Handler(logging.Handler):
            def emit(self, record): print("outside", record.getMessage(), flush=True)
        logging.basicConfig(level=logging.DEBUG, handlers=[Handler()])
        Interpreter().run({textwrap.dedent(inside)!r})
        """
    )
    text = f"loaded {tmp_path}/logged.thrift and 0 files that it includes"
    assert printed.splitlines() == [f"inside fastthrift.parser {text}"]


def test_calls_over_sockets_from_several_threads() -> None:
    printed = run_inside(
        IDL
        + """
import socket, threading
from fastthrift.rpc import client_context, make_server
from fastthrift.thrift import TApplicationException

class Handler:
    def echo(self, text):
        if text == "declared": raise module.Wrong("so")
        if text == "undeclared": raise KeyError("own")
        return text

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = make_server(module.Echo, Handler(), "127.0.0.1", port)
server.trans.listen()
serving = threading.Thread(target=server.serve)
serving.start()

def calls(outcomes):
    with client_context(module.Echo, "127.0.0.1", port, socket_timeout=60_000) as client:
        for text in "fine", "declared", "undeclared", 3:
            try:
                outcomes.append(client.echo(text))
            except TException as error:
                outcomes.append(type(error).__name__)

outcomes = [[] for _ in range(4)]
threads = [threading.Thread(target=calls, args=[each]) for each in outcomes]
for thread in threads: thread.start()
for thread in threads: thread.join()
for each in outcomes: print(*each)
server.close()
serving.join()
"""
    )
    assert printed == ["fine Wrong TApplicationException TEncodeException"] * 4


def test_threads_that_meet_errors_at_once() -> None:
    printed = run_inside(
        IDL
        + """
import threading
counts = []
def refuse():
    count = 0
    for _ in range(2000):
        try: fastthrift.decode(module.Names, b"\\x0f\\x00\\x01\\x0c\\x00\\x00\\x00\\x01\\x0b")
        except TException: count += 1
        try: fastthrift.encode(module.Name(number="x"))
        except TException: count += 1
    counts.append(count)
threads = [threading.Thread(target=refuse) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(counts)
"""
    )
    assert printed == ["[4000, 4000, 4000, 4000]"]


def test_an_interpreter_ends_with_objects_classes_and_errors_alive() -> None:
    printed = run_inside(
        IDL
        + CAUGHT
        + """
one = module.Name("a")
one.itself = one
def kept():
    yield module.Names([one])
kept = kept()
next(kept)
try: fastthrift.decode(module.Name, b"\\x0b")
except TException as error: one.error = error
print("alive")
""",
        "-X",
        "dev",
    )
    assert printed == ["alive"]


REFUSED = """
try:
    import fastthrift
except ImportError as error:
    print("refused:", error, flush=True)
else:
    print("imported", flush=True)
"""


def assert_advice(line: str) -> None:
    assert line.startswith("refused: fastthrift was imported by another interpreter"), line
    for advice in ADVICE:
        assert advice in line


def test_a_second_interpreter_is_refused_by_name_and_the_first_goes_on() -> None:
    goes_on = "caught(fastthrift.decode, module.Name, b'\\x0b')\nsys.stdout.flush()"
    first, again, main, last = run(
        f"""
        import sys
        from support.interpreters import Interpreter
        first, second = Interpreter(), Interpreter()
        first.run({IDL + CAUGHT!r})
        for _ in range(2):
            second.run({REFUSED!r})
        exec({REFUSED!r})
        assert not [name for name in sys.modules if name.startswith("fastthrift")]
        first.run({goes_on!r})
        """
    ).splitlines()
    for refused in first, again, main:
        assert_advice(refused)
    assert last.startswith("TTruncatedDataException True")


def test_a_sub_interpreter_is_refused_when_the_main_one_has_it() -> None:
    imported, refused, last = run(
        f"""
        import sys
        from support.interpreters import Interpreter
        exec({REFUSED!r})
        Interpreter().run({REFUSED!r})
        {IDL.replace(chr(10), chr(10) + " " * 8)}
        try: fastthrift.decode(module.Name, b"\\x0b")
        except TException: print("caught")
        """
    ).splitlines()
    assert imported == "imported"
    assert_advice(refused)
    assert last == "caught"


def test_an_interpreter_that_comes_after_the_end_of_the_first_is_refused() -> None:
    imported, refused = run(
        f"""
        from support.interpreters import Interpreter
        first = Interpreter()
        first.run({REFUSED!r})
        first.end()
        Interpreter().run({REFUSED!r})
        """
    ).splitlines()
    assert imported == "imported"
    assert_advice(refused)


def test_one_interpreter_may_import_again() -> None:
    printed = run_inside(
        """
        import sys, fastthrift
        for name in [name for name in sys.modules if name.startswith("fastthrift")]:
            del sys.modules[name]
        import fastthrift
        print("again")
        """
    )
    assert printed == ["again"]


def test_an_isolated_interpreter_works_unless_it_has_a_lock_of_its_own() -> None:
    """From CPython 3.12 on it has one, and CPython itself refuses the import."""
    (printed,) = run(
        f"""
        from support.interpreters import Interpreter
        Interpreter(isolated=True).run({REFUSED!r})
        """
    ).splitlines()
    if sys.version_info >= (3, 12):
        assert printed.startswith("refused: ")
        assert "fastthrift._core does not support loading in subinterpreters" in printed
    else:
        assert printed == "imported"
