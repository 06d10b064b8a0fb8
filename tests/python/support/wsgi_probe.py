"""What the applications under mod_wsgi and uWSGI do: decode, encode, load, log and call."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import fastthrift
from fastthrift.rpc import client_context, make_server
from fastthrift.thrift import TException

logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
MODULE = fastthrift.load_fp(
    io.StringIO(
        "struct Name { 1: string text } exception Wrong { 1: string why } "
        "service Echo { string echo(1: string text) throws (1: Wrong wrong) }"
    ),
    "probe_thrift",
)


class Handler:
    def echo(self, text: str) -> str:
        if text == "wrong":
            raise MODULE.Wrong("so")
        return text


def call(text: str) -> str:
    """Starts a server, calls it, and ends it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = make_server(MODULE.Echo, Handler(), "127.0.0.1", port)
    server.trans.listen()
    serving = threading.Thread(target=server.serve)
    serving.start()
    try:
        with client_context(MODULE.Echo, "127.0.0.1", port, socket_timeout=60_000) as client:
            return client.echo(text)
    finally:
        server.close()
        serving.join()


ACTIONS: dict[str, Callable[[], Any]] = {
    "/decode": lambda: fastthrift.decode(MODULE.Name, b"\x0b\x00\x01\x00\x00\x00\x05a"),
    "/view": lambda: fastthrift.decode(MODULE.Name, memoryview(b"\x0b\x00\x01")),
    "/encode": lambda: fastthrift.encode(MODULE.Name(3)),
    "/load": lambda: fastthrift.load_fp(io.StringIO("struct {"), "wrong_thrift"),
    "/arguments": lambda: fastthrift.load_fp(io.StringIO("struct A {}"), "a_thrift", reserved=3),
    "/call": lambda: call("hello"),
    "/wrong": lambda: call("wrong"),
}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers what came of an action: its value, or the class of its error."""
    answer: dict[str, Any] = {"process": os.getpid()}
    try:
        answer["value"] = repr(ACTIONS[environ["PATH_INFO"]]())
    except TException as error:
        answer |= {"caught": "TException", "class": type(error).__name__}
    except Exception as error:
        answer |= {"caught": "Exception", "class": type(error).__name__}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
