"""What pools refuse, and what they say of a service or an address, of both kinds of them."""

from __future__ import annotations

import asyncio
import copy
import io
import logging
import pickle
import socket
import ssl
from typing import Any

import fastthrift
import pytest
from fastthrift import ClientPool
from fastthrift._calls.pooling import Addresses
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.server import TThreadedServer
from fastthrift.testing import AsyncFakeService, FakeService
from fastthrift.thrift import TProcessor
from fastthrift.transport import TServerSocket, TTransportException
from support.rpc import Calls, serving

POOLS = [ClientPool, AsyncClientPool]
#: Of a call that must not be late: for a loaded machine.
LONG = 60


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("url", [None, 7, b"tcp://127.0.0.1:9090", ["tcp://a:1", None], {"a": 1}])
def test_what_is_no_url_is_refused(kind: Any, url: Any) -> None:
    with pytest.raises(TypeError, match="the url of a service is a string, and not"):
        kind(Calls, url)


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize(
    ("host", "port", "where"),
    [
        ("127.0.0.1", 6000, "tcp://127.0.0.1:6000"),
        ("::1", 6000, "tcp://[::1]:6000"),
        ("tcp://a:1", "tcp://b:1", "tcp://host:9090"),
    ],
)
def test_a_host_and_a_port_are_told_as_a_url(kind: Any, host: Any, port: Any, where: str) -> None:
    with pytest.raises(TypeError) as caught:
        kind(Calls, host, port)
    assert str(caught.value) == (
        f"{kind.__name__} takes a service and a url, or a list of urls, and options by name: a "
        f"host and a port are '{where}'"
    )


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("url", ["tcp://a:1", "http://a/", "unix:/a", ["tcp://a:1", "tcp://b:1"]])
def test_a_context_for_connections_without_encryption_is_refused(kind: Any, url: Any) -> None:
    context = ssl.create_default_context()
    with pytest.raises(ValueError, match=r"ssl_context: connections to .* are not encrypted"):
        kind(Calls, url, ssl_context=context)
    for encrypted in ("tls://a:1", "https://a/", ["tcp://a:1", "tls://b:1"]):
        kind(Calls, encrypted, ssl_context=context)


@pytest.mark.parametrize("kind", POOLS)
def test_a_pool_is_not_pickled_and_says_why(kind: Any) -> None:
    pool = kind(Calls, "tcp://127.0.0.1:9")
    for put in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled: its connections are those of this"):
            put(pool)
    assert copy.copy(pool)._calls is pool._calls


IDL = """
service Hidden {
    map<string, i32> stats(), string client(), i32 with_options(1: i32 a), i32 with_fields(),
    i32 close(), i32 aclose()
}
"""
Hidden = fastthrift.load_fp(io.StringIO(IDL), "hidden_by_pools_thrift").Hidden


class HiddenHandler:
    def stats(self) -> dict[str, int]:
        return {"queue": 7}

    def client(self) -> str:
        return "me"

    def with_options(self, a: int) -> int:
        return a

    def with_fields(self) -> int:
        return 2

    def close(self) -> int:
        return 3

    def aclose(self) -> int:
        return 4


def server_of_hidden() -> TThreadedServer:
    trans = TServerSocket("127.0.0.1", 0)
    trans.listen()
    return TThreadedServer(TProcessor(Hidden, HiddenHandler()), trans)


def test_methods_that_a_pool_hides_have_another_name_which_it_tells(caplog: Any) -> None:
    with serving(server_of_hidden()) as port, ClientPool(Hidden, f"tcp://127.0.0.1:{port}") as pool:
        assert pool.stats_() == {"queue": 7}
        assert (pool.client_(), pool.with_options_(1), pool.with_fields_()) == ("me", 1, 2)
        assert (pool.tclose(), pool.close_(), pool.aclose()) == (3, 3, 4)
        assert pool.stats()["connects"] == 1
        with pool.client() as one:
            assert (one.stats(), one.client(), one.close()) == ({"queue": 7}, "me", 3)
        assert pool.with_options(timeout=LONG).stats_() == {"queue": 7}
        with pytest.raises(AttributeError):
            pool.aclose_()
    (line,) = [each.message for each in caplog.records if each.name == "fastthrift.client"]
    assert line == (
        "ClientPool of Hidden has stats(), client(), with_options(), with_fields() of its own: the "
        "service's are called stats_(), client_(), with_options_(), with_fields_()"
    )


def test_methods_that_a_pool_of_asyncio_hides_have_another_name(caplog: Any) -> None:
    async def main(port: int) -> None:
        async with AsyncClientPool(Hidden, f"tcp://127.0.0.1:{port}", timeout=LONG) as pool:
            assert (await pool.stats_(), await pool.aclose_()) == ({"queue": 7}, 4)
            assert await pool.close() == 3

    with serving(server_of_hidden()) as port:
        asyncio.run(main(port))
    assert "AsyncClientPool of Hidden has stats()" in caplog.text


def test_a_fake_has_the_names_of_a_pool_for_them(caplog: Any) -> None:
    fake: Any = FakeService(Hidden, with_options=lambda a: a + 1)
    assert fake.stats() == FakeService(Calls).stats()
    with fake.client() as one:
        assert one is fake
    # What it is told to answer is the service's: it stands for clients and handlers, too.
    assert fake.with_options(1) == fake.with_options_(1) == 2
    assert "FakeService of Hidden has stats()" in caplog.text
    told: Any = FakeService(Hidden, stats={"queue": 7})
    assert told.stats_() == told.stats() == {"queue": 7}

    async def main() -> None:
        fake: Any = AsyncFakeService(Hidden, stats={"queue": 7})
        assert await fake.stats_() == {"queue": 7}

    asyncio.run(main())


def test_addresses_that_stay_away_are_logged_once_in_a_while(caplog: Any) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        ports = [each.getsockname()[1] for each in (one, two)]
    pool = ClientPool(Calls, [f"tcp://127.0.0.1:{port}" for port in ports], timeout=LONG)
    for _ in range(50):
        with pytest.raises(TTransportException, match="Could not connect"):
            pool.add(1, 2)
    assert pool.stats()["retries"] == 50
    lines = [each.message for each in caplog.records if each.levelno >= logging.WARNING]
    # By each of the two, and once more where this has taken ten seconds.
    told = [line for line in lines if "failed, and is passed over for" in line]
    assert {line.partition(" failed")[0] for line in told} == {
        f"tcp://127.0.0.1:{port}" for port in ports
    }
    assert len(told) < 20


def test_calls_that_fail_at_once_are_one_failure_of_their_address() -> None:
    addresses = Addresses(["a", "b"])
    assert [addresses.note("a", 10.0, failed=True) for _ in range(32)] == [0.5] * 32
    # It was passed over since the last one.
    assert addresses.note("a", 10.25, failed=True) == 0.5
    assert addresses.over("a", 10.25) == 10.75
    # Those in whose place it is tried have their turn, too.
    addresses.note("b", 10.3, failed=True)
    assert [addresses.choose(10.4) for _ in range(2)] == ["a", "a"]
    addresses.note("a", 10.4, failed=True)
    assert addresses.choose(10.4) == "b"
    assert addresses.note("a", 11.0, failed=True) == 1.0
