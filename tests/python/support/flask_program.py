"""The Flask application that web servers run in tests; ``THRIFT_URL_CALC`` says where to call."""

import os

from support.flask_calc import client_of, idl, make_app

URL = os.environ["THRIFT_URL_CALC"]
USUAL = {"service": idl.Calc, "url": URL}
app = make_app(
    URL,
    THRIFT_CLIENTS={
        "calc": client_of(URL),
        "few": client_of(URL, pool_size=8),
        # With the times of clients that say nothing of times.
        "usual": USUAL,
        "small": USUAL | {"pool_size": 1},
    },
)
