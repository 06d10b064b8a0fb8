"""HTTP and TLS under gevent's monkey-patching: waiting calls stop nobody else."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import trustme

# No call is answered before all of them have come: one after the other they would never end.
PROGRAM = """
from gevent import monkey
monkey.patch_all()
import http.server, sys
sys.path.insert(0, sys.argv[1])
import gevent, gevent.event
from support.rpc import PATIENCE, Calls, Handler, make_server, port_of

come = []
all_have_come = gevent.event.Event()

class Slow(Handler):
    def wait(self, ticket):
        come.append(ticket)
        if len(come) == 40:
            all_have_come.set()
        assert all_have_come.wait(PATIENCE)
        return ticket

{setup}

serve = gevent.spawn(server.serve)

def call(ticket):
    with connect() as client:
        return client.wait(ticket)

calls = [gevent.spawn(call, ticket) for ticket in range(40)]
gevent.joinall(calls)
assert [greenlet.get() for greenlet in calls] == list(range(40))
server.close()
assert serve.join(120) is None and serve.dead
"""

SETUPS = {
    "tls": """
from fastthrift.rpc import client_context
from fastthrift.transport import TSSLServerSocket
trans = TSSLServerSocket("localhost", 0, client_timeout=PATIENCE * 1000, certfile="server.pem")
server = make_server(Slow(), trans=trans)
port = port_of(server)
connect = lambda: client_context(
    Calls,
    "localhost",
    port,
    cafile="ca.pem",
    socket_timeout=PATIENCE * 1000,
    connect_timeout=PATIENCE * 1000,
)
""",
    "http": """
from fastthrift.http import client_context, make_server
server = make_server(
    Calls, Slow(), "127.0.0.1", 0, server_class=http.server.ThreadingHTTPServer
)
port = server.httpd.server_address[1]
connect = lambda: client_context(
    Calls, "127.0.0.1", port, keep_alive=True, timeout=PATIENCE * 1000
)
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
        [sys.executable, "-c", program, str(Path(__file__).parents[1])],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=tmp_path,
    )
    assert output.returncode == 0, output.stderr
