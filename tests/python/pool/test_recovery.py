"""Servers that are killed and started again, many calls, and forks: nothing runs twice, nothing is
lost, nothing is left behind."""

import contextlib
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from fastthrift import ClientPool
from fastthrift.transport import TTransportException
from support import rpc
from support.children import environment
from support.rpc import Calls, make_server, serving

#: Of a call that must not be late: for a loaded machine.
LONG = 60

SERVER = textwrap.dedent(
    """
    import os, sys, time
    from fastthrift.transport import TServerSocket
    from support.rpc import Handler, make_server

    port, log = int(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    class Noting(Handler):
        def echo(self, text):
            os.write(log, text.encode() + b"\\n")
            time.sleep(0.002)
            return text

    server = make_server(Noting(), trans=TServerSocket("127.0.0.1", port))
    print(server.trans.sock.getsockname()[1], flush=True)
    server.serve()
    """
)


@contextlib.contextmanager
def server_process(port, log):
    """A server that notes each call before it answers; killed at the end."""
    command = [sys.executable, "-c", SERVER, str(port), str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_a_server_that_is_killed_between_and_during_calls(tmp_path):
    log = tmp_path / "log"
    answered, refused, in_doubt = set(), set(), set()
    stopping = threading.Event()

    def call_on(pool, thread):
        number = 0
        while not stopping.is_set():
            number += 1
            name = f"{thread}-{number}"
            try:
                assert pool.echo(name) == name
            except TTransportException as error:
                (in_doubt if error.request_sent else refused).add(name)
                time.sleep(0.01)
            else:
                answered.add(name)

    with server_process(0, log) as port:
        pool = ClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=LONG, size=4)
        threads = [threading.Thread(target=call_on, args=(pool, each)) for each in range(6)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(answered) > 50)
    for _ in range(3):
        # Nobody is there for a while.
        before = len(refused)
        wait_for(lambda before=before: len(refused) > before)
        known = len(answered)
        with server_process(port, log):
            wait_for(lambda known=known: len(answered) > known + 50)
    stopping.set()
    for thread in threads:
        thread.join(LONG)
    pool.close()
    ran = log.read_text().split()
    assert len(ran) == len(set(ran)), "a call ran twice"
    assert answered <= set(ran)
    assert not refused & set(ran), "a call that was not sent ran"
    assert set(ran) <= answered | in_doubt
    assert pool.stats()["busy"] == 0


def wait_for(condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_many_calls_leave_nothing_behind():
    def calls(seed):
        numbers = random.Random(seed)
        for _ in range(1250):
            a, b = numbers.randrange(2**30), numbers.randrange(2**30)
            assert pool.add(a, b) == a + b
            assert pool.echo(str(a)) == str(a)
        return True

    with serving(make_server()) as port:
        descriptors, threads = rpc.open_descriptors(), threading.active_count()
        with ClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=LONG, size=4) as pool:
            with ThreadPoolExecutor(8) as executor:
                assert all(executor.map(calls, range(8)))
            stats = pool.stats()
        assert stats["connects"] <= 4
        assert stats["busy"] == stats["retries"] == stats["timeouts"] == stats["reconnects"] == 0
        # Those of the server end a moment later.
        wait_for(lambda: threading.active_count() <= threads)
        wait_for(lambda: rpc.open_descriptors() <= descriptors)


def test_a_fork_before_the_first_use():
    with serving(make_server()) as port:
        pool = ClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=LONG)
        program = textwrap.dedent(
            f"""
            import os
            from fastthrift import ClientPool
            from support.rpc import Calls

            pool = ClientPool(Calls, "tcp://127.0.0.1:{port}", timeout={LONG})
            children = []
            for _ in range(3):
                child = os.fork()
                if child == 0:
                    sums = [pool.add(each, 1) for each in range(50)]
                    os._exit(0 if sums == list(range(1, 51)) else 1)
                children.append(child)
            assert [pool.add(each, 1) for each in range(50)] == list(range(1, 51))
            assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
            assert pool.stats()["connects"] == 1
            """
        )
        subprocess.run([sys.executable, "-c", program], check=True, env=environment(), timeout=LONG)
        assert pool.add(1, 2) == 3
        pool.close()
