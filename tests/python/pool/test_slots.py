"""The slots of a pool: none is lost, whatever interrupts a call."""

import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from fastthrift import ClientPool
from fastthrift._calls import steps
from support.greenlets import run
from support.rpc import Calls, make_server, serving

POOL = """
    import random, time
    from fastthrift import ClientPool
    from support.rpc import Calls

    def pool_of(**options):
        return ClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=PATIENCE, **options)

    def for_a_while(interrupted):
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            gevent.joinall([gevent.spawn(interrupted, each) for each in range(20)])
        assert pool.stats()["busy"] == 0, pool.stats()
        assert pool.stats()["open"] <= 4, pool.stats()
        assert pool.add(1, 2) == 3
"""


def run_with_pool(program):
    end = "\nserver.close()\nserve.get(timeout=PATIENCE)\n"
    return run(textwrap.dedent(POOL) + textwrap.dedent(program) + end)


def test_calls_that_a_timeout_of_gevent_ends_lose_no_slot():
    assert run_with_pool(
        """
        pool = pool_of(size=4)

        def call(number):
            with gevent.Timeout(random.uniform(0.0001, 0.01), False):
                pool.add(number, 0)

        for_a_while(call)
        print("good")
        """
    ) == ["good"]


def test_blocks_that_a_timeout_of_gevent_ends_lose_no_slot():
    assert run_with_pool(
        """
        pool = pool_of(size=4)

        def block(number):
            with gevent.Timeout(random.uniform(0.0001, 0.006), False):
                with pool.client() as one:
                    one.add(number, 1)
                    one.add(number, 2)

        for_a_while(block)
        print("good")
        """
    ) == ["good"]


def test_looking_at_a_kept_connection_lets_nobody_else_run():
    """So that nobody can be killed there, and a look costs no turn of gevent's."""
    assert run_with_pool(
        """
        pool = pool_of(size=1)
        pool.add(1, 2)
        (connection,) = pool._calls.shelf.idle
        others = []
        gevent.spawn(others.append, 1)
        assert not connection.has_arrived()
        print(len(others))
        """
    ) == ["0"]


def test_one_that_is_killed_after_it_was_woken_wakes_the_next():
    assert run_with_pool(
        """
        pool = pool_of(size=1)
        with pool.client() as one:
            one.add(1, 2)
            killed = gevent.spawn(pool.add, 1, 1)
            other = gevent.spawn(pool.add, 2, 2)
            gevent.sleep(0.1)
            assert len(pool._calls.shelf.waiters) == 2
            # Those who wait do not look by themselves in this test.
            import fastthrift.pool
            pool._calls.wait = lambda waiter, seconds: waiter.acquire()
        killed.kill(block=False)
        print(other.get(timeout=PATIENCE))
        """
    ) == ["4"]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="of POSIX")
def test_a_signal_handler_that_raises_loses_no_slot():
    with serving(make_server()) as port:
        program = textwrap.dedent(
            f"""
            import random, signal, sys, time
            from fastthrift import ClientPool
            from support.rpc import Calls

            # What is raised where nobody can catch it is of no interest.
            sys.unraisablehook = lambda _: None

            class Stop(BaseException):
                pass

            def stop(*_):
                raise Stop

            signal.signal(signal.SIGALRM, stop)
            # More connections come than are taken at once, and are asked for again after a second.
            url = "tcp://127.0.0.1:{port}"
            pool = ClientPool(Calls, url, timeout=20, connect_timeout=20, size=4)
            end = time.monotonic() + 4
            interrupted = 0
            while time.monotonic() < end or interrupted <= 100:
                try:
                    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00002, 0.0006))
                    for number in range(20):
                        assert pool.add(number, interrupted) == number + interrupted
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except Stop:
                    interrupted += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert pool.stats()["busy"] == 0, pool.stats()
            assert pool.stats()["open"] == pool.stats()["idle"], pool.stats()
            assert pool.add(1, 2) == 3
            """
        )
        subprocess.run(
            [sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[1], timeout=60
        )


def test_a_connection_that_nobody_has_any_more_is_closed_and_its_slot_free():
    with serving(make_server()) as port, pool_of_one(port) as pool:
        # As when a call is interrupted before it comes to its `try`.
        connection = steps.run(pool._calls.checkout(pool._options, None, "add"))
        transport = connection.client._iprot.trans
        assert pool.stats()["busy"] == 1
        assert transport.is_open()
        del connection
        assert pool.stats()["open"] == 0
        assert not transport.is_open()
        assert pool.add(1, 2) == 3


def pool_of_one(port):
    return ClientPool(Calls, f"tcp://127.0.0.1:{port}", timeout=60, size=1)


def test_one_that_waits_looks_again_where_nobody_has_woken_it():
    with serving(make_server()) as port, pool_of_one(port) as pool:
        with pool.client() as one:
            one.add(1, 2)
            answers = []
            waiting = threading.Thread(target=lambda: answers.append(pool.add(2, 2)))
            waiting.start()
            while not pool._calls.shelf.waiters:
                time.sleep(0.01)
            # As when an interrupt comes before the wake-up.
            pool._calls.shelf.waiters.clear()
        waiting.join(60)
        assert answers == [4]
