"""HTTP and TLS under gevent's monkey-patching: waiting calls stop nobody else."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import trustme

# 40 calls one after the other would take 8 seconds.
PROGRAM = """
from gevent import monkey
monkey.patch_all()
import http.server, sys, time
sys.path.insert(0, sys.argv[1])
import gevent
from rpc_support import Calls, Handler, make_server, port_of

class Slow(Handler):
    def wait(self, ticket):
        time.sleep(0.2)
        return ticket

{setup}

serve = gevent.spawn(server.serve)

def call(ticket):
    with connect() as client:
        return client.wait(ticket)

started = time.monotonic()
calls = [gevent.spawn(call, ticket) for ticket in range(40)]
gevent.joinall(calls)
assert [greenlet.get() for greenlet in calls] == list(range(40))
assert time.monotonic() - started < 4
server.close()
assert serve.join(20) is None and serve.dead
"""

SETUPS = {
    "tls": """
from fastthrift.rpc import client_context
from fastthrift.transport import TSSLServerSocket
server = make_server(Slow(), trans=TSSLServerSocket("localhost", 0, certfile="server.pem"))
port = port_of(server)
connect = lambda: client_context(Calls, "localhost", port, cafile="ca.pem")
""",
    "http": """
from fastthrift.http import client_context, make_server
server = make_server(
    Calls, Slow(), "127.0.0.1", 0, server_class=http.server.ThreadingHTTPServer
)
port = server.httpd.server_address[1]
connect = lambda: client_context(Calls, "127.0.0.1", port, keep_alive=True)
""",
}


@pytest.mark.parametrize("kind", SETUPS)
def test_waiting_calls_let_others_work(kind, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("localhost").private_key_and_cert_chain_pem
    certificate.write_to_path(str(tmp_path / "server.pem"))
    program = textwrap.dedent(PROGRAM).format(setup=SETUPS[kind])
    output = subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert output.returncode == 0, output.stderr
