"""Every server logs under one name: what is set up for that holds for all of them."""

from __future__ import annotations

import logging
import re
import socket

import pytest
from fastthrift.thrift import TApplicationException
from support.aio import Handler as AsyncHandler
from support.each_server import ALL, ASYNCIO, ASYNCIO_HTTP, AWAITED, HTTP, serving_by
from support.rpc import PATIENCE, Handler
from support.runner import wait_until

CHILDREN = {ASYNCIO: ".aio", HTTP: ".http", ASYNCIO_HTTP: ".http"}


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.addFilter(logging.Filter("fastthrift.server"))

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    # Servers of other tests may still have something to say.

    def of_call(self, secret: str) -> set[str]:
        """The names under which it is told that a call has failed with a secret."""
        failed = [record for record in self.records if record.exc_info]
        return {each.name for each in failed if secret in str(each.exc_info)}

    def of_peer(self, port: int) -> set[str]:
        """The names under which something is told of a client."""
        peer = re.compile(rf"127\.0\.0\.1:{port}\b")
        return {each.name for each in self.records if peer.search(each.getMessage())}


@pytest.mark.parametrize("kind", ALL)
def test_what_is_set_up_for_servers_holds_for_each(kind: str) -> None:
    kept, secret = Kept(), f"the secret of {kind}"
    servers = logging.getLogger("fastthrift.server")
    servers.addHandler(kept)
    is_awaited = kind in (ASYNCIO, ASYNCIO_HTTP, AWAITED)
    try:
        with serving_by(kind, AsyncHandler() if is_awaited else Handler()) as served:
            with served.client() as client, pytest.raises(TApplicationException):
                client.fail(secret)
            with socket.create_connection(("127.0.0.1", served.port), PATIENCE) as peer:
                peer.sendall(b"\x00\x00\x00\x01 nothing that anybody knows\r\n\r\n" * 2)
                port = peer.getsockname()[1]
                wait_until(lambda: kept.of_call(secret) and kept.of_peer(port))
    finally:
        servers.removeHandler(kept)
    name = "fastthrift.server" + CHILDREN.get(kind, "")
    assert kept.of_call(secret) == {name}
    assert kept.of_peer(port) == {name}
