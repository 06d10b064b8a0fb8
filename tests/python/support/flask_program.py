"""The Flask application that web servers run in tests; ``THRIFT_URL_CALC`` says where to call."""

import os

from support.flask_calc import PATIENCE, idl, make_app

# One that gives up soon, and one for a loaded machine.
URL = os.environ["THRIFT_URL_CALC"]
app = make_app(
    URL,
    THRIFT_CLIENTS={
        "calc": {"service": idl.Calc, "url": URL, "timeout": 1.0},
        "patient": {"service": idl.Calc, "url": URL, "timeout": PATIENCE, "pool_size": 8},
    },
)
