#!/bin/sh
# A server that wants to stop says SHUT_RD on its idle connections: each thread that waits for a
# call reads the end and closes. On Linux that ends nothing for the client: the system goes on to
# take and to acknowledge what it sends, and a thread that reads once more after the end gets it.
# So between the end that was read and the close a call is acknowledged and never answered, and the
# client cannot know that it has not run. With SHUT_RDWR the system refuses what comes and breaks
# the connection off, and the client sees by TIOCOUTQ that it was not taken.
# Here it is a connection of Apache's Python library. Exits with 1 when it is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip --disable-pip-version-check --quiet install thrift==0.22.0

cat > stop.py <<'PYTHON'
import fcntl
import socket
import struct
import sys
import termios
import time
from importlib.metadata import version

from thrift.transport.TSocket import TServerSocket, TSocket


def sent_after(how):
    server = TServerSocket("127.0.0.1", 0)
    server.listen()
    client = TSocket("127.0.0.1", server.handle.getsockname()[1])
    client.open()
    accepted = server.accept()
    accepted.handle.shutdown(how)
    end = accepted.handle.recv(100)
    client.write(b"a call")
    time.sleep(1)
    (kept,) = struct.unpack("i", fcntl.ioctl(client.handle, termios.TIOCOUTQ, bytes(4)))
    try:
        then = accepted.handle.recv(100)
    except ConnectionResetError:
        then = "reset"
    for each in (client, accepted, server):
        each.close()
    return end, kept, then


found = {name: sent_after(getattr(socket, name)) for name in ("SHUT_RD", "SHUT_RDWR")}
print(f"thrift {version('thrift')} on CPython {sys.version.split()[0]}, {sys.platform}")
for name, (end, kept, then) in found.items():
    print(f"{name}: read {end!r}; {kept} of 6 bytes sent then are not acknowledged; read {then!r}")
assert found == {"SHUT_RD": (b"", 0, b"a call"), "SHUT_RDWR": (b"", 6, "reset")}, found
PYTHON
venv/bin/python stop.py
