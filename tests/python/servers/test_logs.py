"""Every server logs under one name: what is set up for that holds for all of them."""

from __future__ import annotations

import logging
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

    def names(self, text: str) -> set[str]:
        return {record.name for record in self.records if text in record.getMessage()}


@pytest.mark.parametrize("kind", ALL)
def test_what_is_set_up_for_servers_holds_for_each(kind: str) -> None:
    kept = Kept()
    servers = logging.getLogger("fastthrift.server")
    servers.addHandler(kept)
    is_awaited = kind in (ASYNCIO, ASYNCIO_HTTP, AWAITED)
    try:
        with serving_by(kind, AsyncHandler() if is_awaited else Handler()) as served:
            with served.client() as client, pytest.raises(TApplicationException):
                client.fail("x")
            with socket.create_connection(("127.0.0.1", served.port), PATIENCE) as peer:
                peer.sendall(b"\x00\x00\x00\x01 nothing that anybody knows\r\n\r\n" * 2)
                wait_until(lambda: kept.names("127.0.0.1") and len(kept.records) >= 2)
    finally:
        servers.removeHandler(kept)
    name = "fastthrift.server" + CHILDREN.get(kind, "")
    assert kept.names("Error processing fail") == {name}
    assert {record.name for record in kept.records} == {name}
