"""Files that are loaded in a forked child, while a thread of the parent is in the middle of it."""

from __future__ import annotations

from support import children

PROGRAM = """
import faulthandler, io, os, signal, threading
import fastthrift

asked, go_on = threading.Event(), threading.Event()

def resolver(path, including):
    asked.set()
    go_on.wait(600)
    return path, "struct Slow {}"

def load_slowly():
    fastthrift.load("slow.thrift", "slow_thrift", resolver=resolver)

thread = threading.Thread(target=load_slowly)
thread.start()
asked.wait(600)
pid = os.fork()
if pid == 0:
    # It would wait for a thread that it does not have.
    signal.alarm(60)
    faulthandler.dump_traceback_later(50)
    module = fastthrift.load_fp(io.StringIO("struct A { 1: i32 a }"), "child_thrift")
    os._exit(module.A(7).a)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
go_on.set()
thread.join()
import slow_thrift
print(slow_thrift.Slow())
"""


def test_a_child_loads_while_a_thread_of_its_parent_does() -> None:
    done = children.run("-c", PROGRAM, text=True)
    assert (done.returncode, done.stdout) == (0, "Slow()\n"), done.stderr
