"""Behind what passes connections on and knows nothing of Thrift: HAProxy and nginx."""

from __future__ import annotations

import contextlib
import signal
from functools import partial

import pytest
from fastthrift.transport import TTransportException
from support.engines import (
    FRONT,
    HEALTH_OF_ONE,
    HEALTH_OF_TWO,
    ONE,
    TWO,
    Backend,
    Load,
    Ports,
    haproxy,
    is_ready,
    nginx,
    pool,
    runs,
)
from support.example_processes import HOST, running, wait_until

ENGINES = {
    "haproxy": haproxy,
    "nginx": lambda ports, folder: nginx("nginx_stream.conf", ports, folder),
}


class Behind:
    """An engine, and two of our servers behind it."""

    def __init__(self, engine, folder):
        self.ports = Ports()
        self.one = self._backend("one", ONE, HEALTH_OF_ONE, folder)
        self.two = self._backend("two", TWO, HEALTH_OF_TWO, folder)
        self._engine = ENGINES[engine](self.ports, folder)

    def _backend(self, name, port, health, folder):
        where = f"{HOST}:{self.ports[health]}"
        return Backend(name, self.ports[port], folder, "--health", where)

    @contextlib.contextmanager
    def started(self):
        with running(self.one), running(self.two):
            for health in (HEALTH_OF_ONE, HEALTH_OF_TWO):
                wait_until(partial(is_ready, self.ports[health]), "a worker serves")
            with running(self._engine):
                yield

    def pool(self, **options):
        return contextlib.closing(pool(self.ports[FRONT], **options))


@pytest.fixture(params=ENGINES)
def behind(request, tmp_path):
    engine = Behind(request.param, tmp_path)
    with engine.started():
        yield engine


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
def test_a_server_that_goes_under_load(behind, number, tmp_path):
    """No call runs twice unless it may, and none is lost that may."""
    with behind.pool(retries=3) as greeter:
        with Load(greeter.run) as load, Load(lambda ticket: greeter.greet(str(ticket))) as repeated:
            for each in (load, repeated):
                each.wait_for_answers(200)
            answers = [*load.answered.values(), *repeated.answered.values()]
            assert {answer.partition(":")[0] for answer in answers} == {"one", "two"}
            behind.one.stop(number)
            for each in (load, repeated):
                each.wait_for_answers(500)
        # Calls that were sent when the connection ended.
        assert all(isinstance(error, TTransportException) for error in load.failed.values())
        assert repeated.failed == {}
        ran = runs(tmp_path)
        assert len(set(ran)) == len(ran)
        assert load.answered.keys() <= set(ran)
        assert {greeter.run(-number) for number in range(1, 20)} == {"two"}


def test_connections_that_grow_old_come_to_a_server_that_is_there_again(behind):
    with behind.pool(size=1, max_age=0.1) as greeter:
        behind.one.kill()
        wait_until(lambda: greeter.greet("Ann") == "two: Ann", "the other one is called")
        behind.one.start()
        wait_until(lambda: greeter.greet("Ann") == "one: Ann", "both are called")
