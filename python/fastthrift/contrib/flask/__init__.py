"""Thrift in Flask applications: clients of a configuration, services at URLs, commands.

::

    from fastthrift.contrib.flask import Thrift, current_thrift

    thrift = Thrift()

    def create_app():
        app = Flask(__name__)
        app.config["THRIFT_CLIENTS"] = {
            "calc": {"idl": "calculator.thrift", "service": "Calculator", "url": "tcp://rpc:9090"}
        }
        thrift.init_app(app)
        return app

    @blueprint.post("/add")
    def add():
        return str(current_thrift["calc"].add(int(request.form["a"]), int(request.form["b"])))

It needs Flask 2.3 or later: ``pip install "fastthrift[flask]"``.
"""

from __future__ import annotations

try:
    import flask as _flask
except ModuleNotFoundError as error:
    if error.name != "flask":
        raise
    raise ImportError(
        'Thrift in Flask applications needs Flask: pip install "fastthrift[flask]"'
    ) from error

from .extension import Thrift, current_thrift
from .state import AppThrift

__all__ = ["AppThrift", "Thrift", "current_thrift"]

del _flask
