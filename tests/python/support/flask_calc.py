"""A calculator and a Flask application that calls it, for the tests of the extension."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path
from typing import Any

import fastthrift
from fastthrift.contrib.flask import Thrift, current_thrift
from flask import Flask, abort, request

IDL = """
exception NotFound { 1: string what }
exception Refused { 1: i32 code }
struct Point { 1: i32 x, 2: i32 y }
service Calc {
  i32 add(1: i32 a, 2: i32 b),
  double divide(1: double a, 2: double b),
  string find(1: string what) throws (1: NotFound missing, 2: Refused refused),
  Point mirrored(1: Point point),
  i32 wait(1: i32 ticket),
  i32 later(1: i32 value),
  void nothing(),
}
"""
idl = fastthrift.load_fp(io.StringIO(IDL), "flask_calc_thrift")

#: Long enough for a loaded machine; nothing waits for it unless a test fails.
PATIENCE = 120


class Handler:
    """Answers; ``wait`` when the test says so."""

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.go_on = threading.Event()
        #: Where calls came from.
        self.peers: set[str | None] = set()

    def add(self, a: int, b: int) -> int:
        self.note_peer()
        return a + b

    def divide(self, a: float, b: float) -> float:
        return a / b

    def find(self, what: str) -> str:
        if what == "refused":
            raise idl.Refused(code=7)
        raise idl.NotFound(what)

    def mirrored(self, point: Any) -> Any:
        return idl.Point(-point.x, -point.y)

    def wait(self, ticket: int) -> int:
        self.waiting.set()
        assert self.go_on.wait(PATIENCE)
        return ticket

    def later(self, value: int) -> int:
        self.note_peer()
        time.sleep(0.05)
        return value

    def note_peer(self) -> None:
        call = fastthrift.current_call()
        assert call is not None
        self.peers.add(call.peer)

    def nothing(self) -> None: ...


def client_of(url: Any, **options: Any) -> dict[str, Any]:
    """The configuration of a client."""
    times = {"timeout": PATIENCE, "connect_timeout": PATIENCE}
    return {"service": idl.Calc, "url": url, **times, **options}


def make_app(url: Any, thrift: Thrift | None = None, **config: Any) -> Flask:
    """An application with one view, ``/<client>/<method>``, whose query is the arguments; a
    last one that is called ``within`` is how long the call may take, in seconds."""
    app = Flask("calculator", root_path=str(Path(__file__).parent))
    app.config["THRIFT_CLIENTS"] = {"calc": client_of(url)}
    app.config.update(config)

    @app.route("/<any(calc, few, usual, small):client>/<method>")
    def calc(client: str, method: str) -> str:
        kinds = {"divide": float, "find": str}
        asked = current_thrift[client]
        arguments = request.args.to_dict()
        if "within" in arguments:
            asked = asked.with_options(timeout=float(arguments.pop("within")))
        try:
            values = [kinds.get(method, int)(value) for value in arguments.values()]
        except ValueError:
            abort(400)
        return str(getattr(asked, method)(*values))

    (thrift or Thrift()).init_app(app)
    return app
