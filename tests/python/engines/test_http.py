"""Thrift over HTTP behind nginx, and under the load of wrk."""

from __future__ import annotations

import contextlib
import re
import subprocess
from functools import partial

import fastthrift
import pytest
from fastthrift.http import THttpException, make_client
from support.engines import (
    FRONT,
    ONE,
    TWO,
    Backend,
    Greeter,
    Ports,
    configuration,
    free_port,
    nginx,
    program,
)
from support.example_processes import HOST, running, wait_until

KINDS = ["http", "asyncio-http"]


def backend(name, port, folder, kind):
    return Backend(name, port, folder, "--server", kind)


APP = """
from fastthrift import asgi, wsgi
from support.engine_backend import Handler
from support.engines import Greeter

wsgi_application = wsgi.ThriftApp(Greeter, Handler())
asgi_application = asgi.ThriftApp(Greeter, Handler())
"""


def mounted(command, name, port, folder):
    """A service that a web server has at a URL."""
    (folder / "app.py").write_text(APP)
    server = Backend(name, port, folder)
    of, *arguments = command.split()
    server.command = [program(of), *arguments]
    server.environment["PYTHONPATH"] += f":{folder}"
    return server


def of_the_page(ports, folder):
    """Servers of ASGI and WSGI as the page starts them."""
    return [
        mounted(ports.put_into(configuration(file)), name, ports[port], folder)
        for file, name, port in (("asgi.sh", "one", ONE), ("wsgi.sh", "two", TWO))
    ]


@pytest.fixture(params=[*KINDS, "asgi and wsgi"])
def behind(request, tmp_path):
    ports = Ports()
    if request.param in KINDS:
        one, two = (
            backend(name, ports[port], tmp_path, request.param)
            for name, port in (("one", ONE), ("two", TWO))
        )
    else:
        one, two = of_the_page(ports, tmp_path)
    with running(one), running(two), running(nginx("nginx_http.conf", ports, tmp_path)):
        yield one, two, f"http://{HOST}:{ports[FRONT]}/"


def client_of(url):
    return contextlib.closing(make_client(Greeter, url=url, timeout=60_000, keep_alive=True))


def test_calls_are_spread(behind):
    *_, url = behind
    with client_of(url) as client:
        text = "x" * 1_000_000
        assert {client.greet(text) for _ in range(8)} == {f"one: {text}", f"two: {text}"}
        client.note(1)
        client.ping()


def test_a_client_goes_on_after_the_page_of_a_proxy_without_servers(behind):
    one, two, url = behind
    pool = fastthrift.ClientPool(Greeter, url, timeout=60)
    with client_of(url) as client, contextlib.closing(pool):
        client.ping()
        one.stop()
        two.stop()
        for _ in range(3):
            for caller in (client, pool):
                with pytest.raises(THttpException) as caught:
                    caller.greet("Ann")
                assert caught.value.status == 502
                assert "answered 502 Bad Gateway, with Content-Type text/html" in str(caught.value)
        one.start()

        def answers():
            with contextlib.suppress(THttpException):
                return client.greet("Ann") == "one: Ann"
            return False

        wait_until(answers, "the server that is there again is called")
        assert pool.greet("Ann") == "one: Ann"


#: A call of ping.
LUA = r"""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-thrift"
wrk.body = "\128\001\000\001\000\000\000\004ping\000\000\000\001\000"
"""


GUNICORN = "gunicorn app:wsgi_application --bind 127.0.0.1:{port} --worker-class "


def alone(command, port, folder):
    return mounted(command.format(port=port), "mounted", port, folder)


SERVERS = {kind: partial(backend, "one", kind=kind) for kind in KINDS}
SERVERS |= {
    "gunicorn": partial(alone, GUNICORN + "sync"),
    "gunicorn with threads": partial(alone, GUNICORN + "gthread --threads 4"),
    "uvicorn": partial(alone, "uvicorn app:asgi_application --port {port}"),
}


def wrk(port, folder):
    """How many requests it made; those that have failed, it tells of."""
    url = f"http://{HOST}:{port}/"
    done = subprocess.run(
        [program("wrk"), "-t1", "-c8", "-d1s", "--timeout", "60s", "-s", "ping.lua", url],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    assert "Socket errors" not in done.stdout, done.stdout
    assert "Non-2xx" not in done.stdout, done.stdout
    return int(re.search(r"(\d+) requests in", done.stdout)[1])


@pytest.mark.parametrize("server", SERVERS)
def test_no_request_of_wrk_fails(server, tmp_path):
    port = free_port()
    (tmp_path / "ping.lua").write_text(LUA)
    with running(SERVERS[server](port, tmp_path)):
        # It may be over before a busy machine has come to the first answer.
        wait_until(lambda: wrk(port, tmp_path) > 0, "requests are answered while it runs")
