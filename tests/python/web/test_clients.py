"""Clients of a configuration: what cannot be in it, and what is made of it."""

from __future__ import annotations

import copy
import pickle
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift._web.clients import Clients, ConfigurationError, UnknownClient, find_problems
from fastthrift.thrift import TProcessor
from fastthrift.transport import TTransportException
from support.rpc import make_server, serving

IDL = """
exception Bad { 1: string message }
service Calculator {
  i32 add(1: i32 a, 2: i32 b) throws (1: Bad bad),
  i32 subtract(1: i32 a, 2: i32 b),
}
service Counter { i32 count() }
"""
SETTING = "THRIFT_CLIENTS"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "calc.thrift").write_text(IDL)
    (tmp_path / "broken.thrift").write_text("service Calculator {\n  i32 add(1: i32 a,, )\n}")
    (tmp_path / "empty.thrift").write_text("struct A {}")
    return tmp_path


def calc(**changes: Any) -> dict[str, Any]:
    options = {"idl": "calc.thrift", "service": "Calculator", "url": "tcp://127.0.0.1:1"}
    options |= changes
    return {key: value for key, value in options.items() if value is not ...}


def problems(root: Path, **changes: Any) -> list[str]:
    return [
        f"{each.at(SETTING)} {each.message} | {each.hint}"
        for each in find_problems({"calc": calc(**changes)}, root=root)
    ]


def test_a_right_configuration_has_no_problems(root: Path) -> None:
    service = fastthrift.load(str(root / "calc.thrift")).Calculator
    everything = {
        "timeout": 2,
        "connect_timeout": 0.5,
        "checkout_timeout": None,
        "pool_size": 4,
        "idempotent": ["add"],
        "retries": 0,
        "max_idle": 1.5,
        "max_age": 10,
    }
    assert problems(root, **everything) == []
    assert problems(root, url=["tcp://a:1", "unix:/run/x.sock"]) == []
    assert problems(root, idl=..., service=service) == []
    for url in ("tcp://a?transport=header", ["http://a/", "unix:/run/x.sock?transport=header"]):
        assert problems(root, url=url, headers={"X-Tenant": "acme"}) == []
    assert problems(root, idl=root / "calc.thrift") == []
    assert problems(root, idl=fastthrift.load(str(root / "calc.thrift"))) == []
    assert find_problems({}, root=root) == []


@pytest.mark.parametrize(
    ("changes", "place", "text"),
    [
        ({"timout": 1}, "['timout']", "did you mean 'timeout'?"),
        ({"URL": "tcp://a"}, "['URL']", "did you mean 'url'?"),
        ({"colour": 1}, "['colour']", "there are service, idl, url, timeout"),
        ({"idl": ...}, "['idl']", "is missing"),
        ({"idl": 7}, "['idl']", "7 is no path"),
        ({"idl": "no.thrift"}, "['idl']", "no.thrift: No such file"),
        ({"idl": "broken.thrift"}, "['idl']", "broken.thrift, line 2, column 20: "),
        ({"idl": threading}, "['idl']", "threading is no module of a .thrift file"),
        ({"service": ...}, "['service']", "is missing"),
        ({"service": 7}, "['service']", "7 is no service"),
        ({"service": "Calculater"}, "['service']", "did you mean 'Calculator'?"),
        ({"service": "Nope"}, "['service']", "it has Calculator, Counter"),
        ({"service": "Bad"}, "['service']", "'Bad' is not in"),
        ({"idl": "empty.thrift"}, "['service']", "it has no service"),
        ({"url": ...}, "['url']", "is missing"),
        ({"url": "tcp//oops"}, "['url']", "must begin with tcp://"),
        ({"url": 7}, "['url']", "7 is no url"),
        ({"url": []}, "['url']", "is needed"),
        ({"url": ["tcp://a", 7]}, "['url']", "is no url"),
        ({"timeout": "2"}, "['timeout']", "'2' is no number"),
        ({"timeout": True}, "['timeout']", "True is no number"),
        ({"timeout": 0}, "['timeout']", "above 0"),
        ({"timeout": float("nan")}, "['timeout']", "above 0"),
        ({"timeout": float("inf")}, "['timeout']", "inf is too large"),
        ({"max_age": -1}, "['max_age']", "above 0"),
        ({"pool_size": 1.5}, "['pool_size']", "a whole number"),
        ({"pool_size": 0}, "['pool_size']", "above 0"),
        ({"pool_size": None}, "['pool_size']", "None is no number"),
        ({"retries": -1}, "['retries']", "0 or more"),
        ({"idempotent": "add"}, "['idempotent']", "'add' is no list"),
        ({"idempotent": ["ad"]}, "['idempotent']", "did you mean 'add'?"),
        ({"idempotent": [7]}, "['idempotent']", "it has add, subtract"),
        ({"headers": "X-Tenant: acme"}, "['headers']", "is a dict of names and values, not a str"),
        ({"headers": {"X Tenant": "acme"}}, "['headers']", "'X Tenant' cannot be sent"),
        ({"headers": {"X-Tenant": "acme"}}, "['headers']", "no room for any at tcp://"),
    ],
    ids=str,
)
def test_each_mistake_is_told_with_its_place(
    root: Path, changes: dict[str, Any], place: str, text: str
) -> None:
    (found,) = problems(root, **changes)
    assert found.startswith(f"THRIFT_CLIENTS['calc']{place} ")
    assert text in found


@pytest.mark.parametrize("configured", [None, [], {"calc": None}, {"calc": "tcp://a"}], ids=str)
def test_what_is_no_dict_is_told(configured: Any) -> None:
    (found,) = find_problems(configured)
    assert "is no dict" in found.message
    assert "dict" in str(found.hint)


def test_all_mistakes_are_found_and_keys_may_be_upper_case(root: Path) -> None:
    configured = {"calc": {"IDL": "calc.thrift", "SERVICE": "Calculator", "url": 1, "TIMEOUT": "x"}}
    found = find_problems(configured, root=root, upper=True)
    assert [(each.path, each.kind) for each in found] == [
        (("calc", "url"), "unknown"),
        (("calc", "URL"), "url"),
        (("calc", "TIMEOUT"), "timeout"),
    ]
    assert found[0].hint == "did you mean 'URL'?"


def test_no_idl_is_fetched_to_look_at_a_configuration() -> None:
    # Port 1 refuses: an attempt would be told.
    assert find_problems({"calc": calc(idl="http://127.0.0.1:1/calc.thrift")}) == []


@pytest.fixture
def port(root: Path) -> Iterator[int]:
    idl = fastthrift.load(str(root / "calc.thrift"))

    class Handler:
        def add(self, a: int, b: int) -> int:
            return a + b

        def subtract(self, a: int, b: int) -> int:
            return a - b

    with serving(make_server(processor=TProcessor(idl.Calculator, Handler()))) as port:
        yield port


def test_a_client_is_made_at_first_use_and_kept(root: Path, port: int) -> None:
    options = calc(url=f"tcp://127.0.0.1:{port}", pool_size=1, timeout=30)
    clients = Clients({"calc": options}, setting=SETTING, root=root)
    assert (list(clients), len(clients), "calc" in clients) == (["calc"], 1, True)
    assert "nope" not in clients
    pool = clients["calc"]
    assert pool.stats()["open"] == 0
    assert pool.add(1, 2) == 3
    assert clients["calc"] is pool
    clients.close()
    assert pool.stats()["open"] == 0
    assert clients["calc"].add(2, 2) == 4
    clients.close()


def test_a_call_has_the_time_of_a_web_page_unless_it_is_said(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        clients = Clients({"calc": calc(url=url, pool_size=1)}, setting=SETTING, root=root)
        with ThreadPoolExecutor(8) as executor:
            times = sorted(executor.map(lambda _: time_of_failure(clients["calc"]), range(8)))
        clients.close()
    # That of calls that wait for the only connection, too: one after the other they took 12 s.
    assert 1.4 < times[0] <= times[-1] < 9


def time_of_failure(pool: Any) -> float:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        pool.add(1, 2)
    return time.monotonic() - began


def test_an_error_of_a_call_names_its_client(root: Path) -> None:
    clients = Clients({"calc": calc()}, setting=SETTING, root=root)
    with pytest.raises(TTransportException, match=r"^TTransportException.*calc: ") as caught:
        clients["calc"].add(1, 2)
    assert (caught.value.client, caught.value.method) == ("calc", "add")


def test_a_client_that_is_not_configured_is_a_key_error_with_the_nearest() -> None:
    clients = Clients({"calc": calc()}, setting=SETTING)
    with pytest.raises(UnknownClient) as caught:
        clients["clac"]
    assert str(caught.value) == "THRIFT_CLIENTS has no client 'clac': did you mean 'calc'?"
    with pytest.raises(KeyError, match="there are calc"):
        clients["users"]
    with pytest.raises(UnknownClient):
        clients.override("clac", object())
    assert clients.get("clac") is None


def test_a_configuration_that_cannot_be_is_told_at_first_use(root: Path) -> None:
    clients = Clients({"calc": calc(service="Calculater")}, setting=SETTING, root=root)
    with pytest.raises(ConfigurationError, match="did you mean 'Calculator'") as caught:
        clients["calc"]
    assert str(caught.value).startswith("THRIFT_CLIENTS['calc']['service']: ")
    for other in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert (str(other), other.problem) == (str(caught.value), caught.value.problem)


def test_overrides_end_in_any_order(root: Path) -> None:
    clients = Clients({"calc": calc()}, setting=SETTING, root=root)
    pool = clients["calc"]
    first, second = object(), object()
    with clients.override("calc", first) as given:
        assert given is first
        assert clients["calc"] is first
        assert clients.pool("calc") is pool
        inner = clients.override("calc", second)
        assert clients["calc"] is second
    assert clients["calc"] is second
    inner.restore()
    inner.restore()
    assert clients["calc"] is pool


def test_a_client_that_is_overridden_needs_no_pool() -> None:
    clients = Clients({"calc": calc(idl="nowhere.thrift")}, setting=SETTING)
    with clients.override("calc", 7):
        assert clients["calc"] == 7
        clients.close()
        assert clients["calc"] == 7
