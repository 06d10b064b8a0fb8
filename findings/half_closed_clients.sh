#!/bin/sh
# A client may say that it sends no more (shutdown of its writing side, `nc -N`) and still read:
# TCP is made so, and a request is complete without the end of the connection. Threaded servers
# and hypercorn answer it. aiohttp and uvicorn run the handler to its end, drop the answer, and
# close: asyncio closes a transport at the end of its input unless the protocol's eof_received()
# returns something true, and theirs return nothing.
# Exits with 1 when a server no longer does what is said here.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip --disable-pip-version-check --quiet install \
    aiohttp==3.14.5 uvicorn==0.54.0 httptools==0.9.0 hypercorn==0.18.0 gunicorn==27.0.1 \
    waitress==3.0.2

cat > plain.py <<'PYTHON'
import http.server
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.2)
        print("handled", flush=True)
        self.send_response(200)
        self.end_headers()


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PYTHON

cat > aio.py <<'PYTHON'
import asyncio
import sys

from aiohttp import web


async def handle(request):
    await request.read()
    await asyncio.sleep(0.2)
    print("handled", flush=True)
    return web.Response()


app = web.Application()
app.router.add_post("/", handle)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
PYTHON

cat > wsgi.py <<'PYTHON'
import time


def app(environ, start_response):
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    time.sleep(0.2)
    print("handled", flush=True)
    start_response("200 OK", [("Content-Length", "0")])
    return []
PYTHON

cat > asgi.py <<'PYTHON'
import asyncio


async def app(scope, receive, send):
    assert scope["type"] == "http"
    await receive()
    await asyncio.sleep(0.2)
    print("handled", flush=True)
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body"})
PYTHON

cat > compare.py <<'PYTHON'
import contextlib
import pathlib
import socket
import subprocess
import sys
import time
from importlib.metadata import version

BIN = pathlib.Path(sys.executable).parent
REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
PATIENCE = 60
# Name, command, and whether a client that has half closed is answered.
SERVERS = [
    ("http.server", "python plain.py PORT", True),
    ("gunicorn gthread", "gunicorn -k gthread --threads 2 -b 127.0.0.1:PORT wsgi:app", True),
    ("waitress", "waitress-serve --listen=127.0.0.1:PORT wsgi:app", True),
    ("hypercorn", "hypercorn -b 127.0.0.1:PORT asgi:app", True),
    ("aiohttp", "python aio.py PORT", False),
    ("uvicorn h11", "uvicorn --lifespan off --http h11 --port PORT asgi:app", False),
    ("uvicorn httptools", "uvicorn --lifespan off --http httptools --port PORT asgi:app", False),
]


def ask(port, half_close):
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(PATIENCE)
        sock.sendall(REQUEST)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while data := sock.recv(65536):
                answer += data
    return answer.partition(b"\r\n")[0].decode() or "nothing"


def wait_until(true):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def accepts(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False


print("Python", sys.version.split()[0])
for name in ("gunicorn", "waitress", "hypercorn", "aiohttp", "uvicorn", "h11", "httptools"):
    print(name, version(name))
changed = False
for name, command, answers in SERVERS:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    program, *arguments = command.replace("PORT", str(port)).split()
    output = pathlib.Path("output.txt")
    with output.open("w") as file:
        server = subprocess.Popen([BIN / program, *arguments], stdout=file, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: accepts(port))
        whole, half = ask(port, False), ask(port, True)
        # Both requests are handled to the end, answered or not.
        wait_until(lambda: output.read_text().count("handled") == 2)
    finally:
        server.terminate()
        server.wait()
    print(f"{name:18} open: {whole:16} half closed: {half:16} handled: both")
    changed |= "200" not in whole or ("200" in half) != answers
sys.exit(changed)
PYTHON
venv/bin/python compare.py
