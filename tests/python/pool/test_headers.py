"""Headers that a pool sends with each call, over THeader and HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import fastthrift
import pytest
from fastthrift import ClientPool, current_call
from fastthrift.contrib.aio.pool import AsyncClientPool
from fastthrift.protocol import THeaderProtocolFactory, TMultiplexedProtocolFactory
from fastthrift.thrift import TMultiplexedProcessor, TProcessor
from fastthrift.transport import TBufferedTransportFactory, THeaderTransportFactory
from support.http import serving as serving_http
from support.rpc import PATIENCE, Calls, Handler, make_server, serving

HEADERS = {"Authorization": "Bearer abc", "X-Tenant": "acme"}
PARTS = {"itrans_factory": THeaderTransportFactory(), "iprot_factory": THeaderProtocolFactory()}


class Told(Handler):
    def echo(self, name: str) -> str:
        call = current_call()
        assert call is not None
        return call.headers.get(name, "none")


def wrapped(get_response: Any) -> Any:
    """Middleware whose header goes before that of the pool."""

    def answer(call: Any) -> Any:
        call.headers["X-Tenant"] = "other"
        return get_response(call)

    return answer


def sent_by(kind: str, url: str, **options: Any) -> list[str]:
    """What the server has of three calls, the last one on another connection."""
    options.setdefault("headers", HEADERS)
    names = ("authorization", "x-tenant")
    if kind == "threads":
        with ClientPool(Calls, url, timeout=PATIENCE, **options) as pool:
            told = [pool.echo(name) for name in names]
            pool._calls.shelf.idle[0].client.close()
            told.append(pool.with_options(retries=2).echo("x-tenant"))
            assert pool.stats()["connects"] + pool.stats()["reconnects"] >= 1
            assert "abc" not in repr(pool)
            return told

    async def main() -> list[str]:
        async with AsyncClientPool(Calls, url, timeout=PATIENCE, **options) as pool:
            return [await pool.echo(name) for name in (*names, "x-tenant")]

    return asyncio.run(main())


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_over_theader_they_go_with_each_call(kind: str) -> None:
    with serving(make_server(Told(), **PARTS)) as port:
        url = f"tcp://127.0.0.1:{port}?transport=header&protocol=compact"
        assert sent_by(kind, url) == ["Bearer abc", "acme", "acme"]
        told = sent_by(kind, url, middleware=[wrapped])
        assert told == ["Bearer abc", "other", "other"]
        assert sent_by(kind, url, headers={}) == ["none"] * 3
        assert sent_by(kind, url, headers={"X-Tenant": "\u00e4\u20ac"})[1:] == ["\u00e4\u20ac"] * 2


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_over_http_they_go_with_each_call(kind: str) -> None:
    with serving_http("threads", Told()) as port:
        url = f"http://127.0.0.1:{port}/"
        assert sent_by(kind, url) == ["Bearer abc", "acme", "acme"]
        assert sent_by(kind, url, middleware=[wrapped]) == ["Bearer abc", "other", "other"]


def test_factories_of_theader_have_room_for_them() -> None:
    processor = TMultiplexedProcessor()
    processor.register_processor("calls", TProcessor(Calls, Told()))
    with serving(make_server(processor=processor, **PARTS)) as port:
        url = f"tcp://127.0.0.1:{port}"
        trans, proto = PARTS["itrans_factory"], PARTS["iprot_factory"]
        several = TMultiplexedProtocolFactory(proto, "calls")
        assert sent_by("threads", url, trans_factory=trans, proto_factory=several)[1] == "acme"
        assert sent_by("threads", url + "?transport=header&service=calls")[1] == "acme"
    with serving(make_server(Told(), **PARTS)) as port:
        # The protocol puts what it is over into a transport of THeader.
        options = {"trans_factory": TBufferedTransportFactory(), "proto_factory": proto}
        url = f"tcp://127.0.0.1:{port}"
        assert sent_by("threads", url, **options)[1:] == ["acme", "acme"]


@pytest.mark.parametrize("pool", [ClientPool, AsyncClientPool])
@pytest.mark.parametrize(
    "url",
    [
        "tcp://a:9090",
        "unix:/run/x.sock?transport=framed",
        "tls://a?transport=zlib",
        ["http://a/", "tcp://a?transport=header", "tcp://b"],
    ],
    ids=str,
)
def test_other_transports_have_no_room_for_any(pool: Any, url: Any) -> None:
    with pytest.raises(ValueError, match=r"no room for any at .*transport=header") as caught:
        pool(Calls, url, headers=HEADERS)
    assert "abc" not in str(caught.value)
    pool(Calls, url, headers={})
    pool(Calls, url, headers=None)


@pytest.mark.parametrize("pool", [ClientPool, AsyncClientPool])
@pytest.mark.parametrize(
    ("headers", "error", "text"),
    [
        ("X-Tenant: secret", TypeError, "a dict of names and values, not a str"),
        ([("X-Tenant", "secret")], TypeError, "not a list"),
        ({"X-Tenant": b"secret"}, TypeError, "'X-Tenant' have to be text"),
        ({b"X-Tenant": "secret"}, TypeError, "have to be text"),
        ({"": "secret"}, ValueError, "a name has letters"),
        ({"X Tenant": "secret"}, ValueError, "'X Tenant' cannot be sent"),
        ({"X-Tenant": "secret\r\nX-Admin: 1"}, ValueError, "a value is one line"),
        ({"X-Tenant": "secret\u20ac"}, ValueError, "Latin-1"),
    ],
    ids=repr,
)
def test_what_cannot_be_sent_is_told_at_once(
    pool: Any, headers: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as caught:
        pool(Calls, "http://a/", headers=headers)
    assert "secret" not in str(caught.value)


def test_they_are_those_of_the_moment_when_the_pool_was_made() -> None:
    given = dict(HEADERS)
    with serving(make_server(Told(), **PARTS)) as port:
        url = f"tcp://127.0.0.1:{port}?transport=header"
        with ClientPool(Calls, url, timeout=PATIENCE, headers=given) as pool:
            given["X-Tenant"] = "changed"
            assert pool.echo("x-tenant") == "acme"
            with fastthrift.deadline(PATIENCE):
                assert pool.echo("x-tenant") == "acme"
                assert 0 < int(pool.echo("x-thrift-timeout")) <= PATIENCE * 1000
