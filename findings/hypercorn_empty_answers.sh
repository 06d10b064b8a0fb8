#!/bin/sh
# hypercorn 0.18.0: a WSGI application whose answer has no body, an empty list as PEP 3333 allows
# and as many applications give it for HEAD, 204 or 304, is answered with 500 in its place, without
# a line in the log. The headers are sent with the first piece of the body, and there is none. A
# list with one empty piece works. gunicorn, granian and wsgiref send what the application said.
#
# So a health check by HEAD, or a DELETE that is answered with 204, fails under one server only.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install hypercorn==0.18.0 gunicorn==23.0.0

cat > app.py <<'PYTHON'
def empty(environ, start_response):
    start_response("200 OK", [("X-Answered", "yes"), ("Content-Length", "0")])
    return []


def one_piece(environ, start_response):
    start_response("200 OK", [("X-Answered", "yes"), ("Content-Length", "0")])
    return [b""]
PYTHON

cat > run.py <<'PYTHON'
import http.client
import importlib.metadata
import socket
import subprocess
import sys
import time


def status(command, application):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [part.format(port=port, app=application) for part in command]
    server = subprocess.Popen([sys.executable, "-m", *line], stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.request("GET", "/")
                return connection.getresponse().status
            except ConnectionRefusedError:
                time.sleep(0.1)
        raise SystemExit("it does not serve")
    finally:
        server.terminate()
        server.wait()


commands = {
    "hypercorn": ["hypercorn", "-b", "127.0.0.1:{port}", "wsgi:app:{app}"],
    "gunicorn": ["gunicorn", "-b", "127.0.0.1:{port}", "app:{app}"],
}
found = {}
for name, command in commands.items():
    print(name, importlib.metadata.version(name))
    for application in ("empty", "one_piece"):
        found[name, application] = status(command, application)
        print(f"  {application}: {found[name, application]}")
expected = {
    ("hypercorn", "empty"): 500,
    ("hypercorn", "one_piece"): 200,
    ("gunicorn", "empty"): 200,
    ("gunicorn", "one_piece"): 200,
}
sys.exit(found != expected)
PYTHON
venv/bin/python run.py
