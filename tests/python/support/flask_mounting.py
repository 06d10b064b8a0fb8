"""A Flask application that serves the calculator, for ``flask thrift serve``; what is done at the
end of each call's context is written to stdout."""

from __future__ import annotations

from fastthrift.contrib.flask import Thrift
from flask import Flask, current_app, g, has_request_context

from support.flask_calc import Handler, idl

app = Flask("mounting")
thrift = Thrift(app)


class InContext(Handler):
    def find(self, what: str) -> str:
        if what != "app":
            return super().find(what)
        number = g.get("number", 0)
        g.number = number + 1
        return f"{current_app.name} {number} {has_request_context()}"

    async def mirrored(self, point: object) -> object:
        return idl.Point(point.y, point.x)  # type: ignore[attr-defined]


thrift.mount("/thrift/", idl.Calc, InContext())


@app.teardown_appcontext
def ended(error: BaseException | None) -> None:
    # In one piece, which no line of the log comes into.
    print(f"a context has ended with {error!r}\n", end="", flush=True)
