"""More callers than connections: who has waited for longest has the next one."""

import asyncio
import subprocess
import sys
import textwrap
import threading

import pytest
from fastthrift import ClientPool
from fastthrift.contrib.aio.pool import AsyncClientPool
from support.children import environment
from support.rpc import Calls, make_server, serving

#: Of a call that must not be late: for a loaded machine.
LONG = 60
CALLERS, EACH = 6, 200
#: Who has made so few when the first one has made all has been passed over again and again.
FEW = EACH // 4


@pytest.fixture
def port():
    with serving(make_server()) as port:
        yield port


def in_threads(port, size):
    made = [0] * CALLERS
    when_first_ended = []
    together = threading.Barrier(CALLERS)

    def caller(number):
        together.wait(LONG)
        for _ in range(EACH):
            assert pool.add(number, 1) == number + 1
            made[number] += 1
        when_first_ended.append(list(made))

    with ClientPool(Calls, f"tcp://127.0.0.1:{port}", size=size, timeout=LONG) as pool:
        threads = [threading.Thread(target=caller, args=(number,)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)
        return when_first_ended, pool.stats()


def in_asyncio(port, size):
    made = [0] * CALLERS
    when_first_ended = []

    async def main():
        url = f"tcp://127.0.0.1:{port}"
        async with AsyncClientPool(Calls, url, size=size, timeout=LONG) as pool:

            async def caller(number):
                for _ in range(EACH):
                    assert await pool.add(number, 1) == number + 1
                    made[number] += 1
                when_first_ended.append(list(made))

            await asyncio.gather(*map(caller, range(CALLERS)))
            return when_first_ended, pool.stats()

    return asyncio.run(main())


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("calls", [in_threads, in_asyncio])
def test_callers_take_turns_where_there_are_fewer_connections(port, calls, size):
    made, stats = calls(port, size)
    assert len(made) == CALLERS
    assert min(made[0]) > FEW
    assert (stats["connects"], stats["timeouts"]) == (size, 0)


def test_greenlets_take_turns_where_there_are_fewer_connections(port):
    program = textwrap.dedent(
        f"""
        from gevent import monkey; monkey.patch_all()
        from pool.test_turns import FEW, in_threads

        made, stats = in_threads({port}, 2)
        print(len(made), min(made[0]) > FEW, stats["connects"])
        """
    )
    command = [sys.executable, "-c", program]
    output = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=LONG, check=False
    )
    assert (output.returncode, output.stdout, output.stderr) == (0, f"{CALLERS} True 2\n", "")


def test_a_caller_that_gives_up_as_it_has_its_turn_leaves_it_to_the_next(port):
    async def main():
        url = f"tcp://127.0.0.1:{port}"
        async with AsyncClientPool(Calls, url, size=1, timeout=LONG) as pool:
            async with pool.client():
                first = asyncio.ensure_future(pool.add(1, 1))
                second = asyncio.ensure_future(pool.add(2, 2))
                await asyncio.sleep(0)
            # It has the connection, and has not run since.
            first.cancel()
            assert await second == 4
            assert first.cancelled()
            return pool.stats()

    stats = asyncio.run(main())
    assert (stats["connects"], stats["open"], stats["busy"]) == (1, 1, 0)
