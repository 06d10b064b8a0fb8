#!/bin/sh
# A oneway call of a method that the server does not know yet is answered with an exception, though
# nobody waits for one. The client takes it for the answer to its next call, and each answer after
# that for the answer to the call behind: no error tells of it but the first.
# Here a client of a newer IDL calls an older server, both of thriftpy2 0.7.1. Servers of Apache's
# libraries for Python, C++, Go, Java and Node answer such a call as well.
# Exits with 1 when it is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip --disable-pip-version-check --quiet install thriftpy2==0.7.1

cat > call.py <<'PYTHON'
import io
import socket
import threading
import time
from importlib.metadata import version

import thriftpy2
from thriftpy2.rpc import make_client, make_server

older = thriftpy2.load_fp(
    io.StringIO("service Sums { i32 add(1: i32 a, 2: i32 b) }"), "older_thrift"
)
newer = thriftpy2.load_fp(
    io.StringIO(
        "service Sums { i32 add(1: i32 a, 2: i32 b), oneway void note(1: string text) }"
    ),
    "newer_thrift",
)


class Handler:
    def add(self, a, b):
        return a + b


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


port = free_port()
server = make_server(older.Sums, Handler(), "127.0.0.1", port, client_timeout=None)
threading.Thread(target=server.serve, daemon=True).start()
end = time.monotonic() + 60
while True:
    try:
        client = make_client(newer.Sums, "127.0.0.1", port, timeout=60_000)
        break
    except thriftpy2.transport.TTransportException:
        assert time.monotonic() < end
        time.sleep(0.05)

client.note("a oneway call that this server does not know")
found = []
for a, b in ((1, 1), (2, 2), (3, 3)):
    try:
        found.append(client.add(a, b))
    except thriftpy2.thrift.TApplicationException as error:
        found.append(type(error).__name__)
client.close()
print("thriftpy2", version("thriftpy2"), "on both sides")
print("1 + 1, 2 + 2, 3 + 3 after the oneway call:", found)
assert found == ["TApplicationException", 2, 4]
PYTHON
venv/bin/python call.py
