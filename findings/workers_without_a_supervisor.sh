#!/bin/sh
# uvicorn 0.38.0, hypercorn 0.17.3 and gunicorn 23.0.0 with two workers each, whose parent is killed
# (as by the kernel, when memory is short): gunicorn's workers see that it is gone and end. Those of the
# others go on to answer, of the code that they have. Who starts uvicorn again is told that the address
# is in use; hypercorn starts, and from then on old and new workers answer side by side.
# Needs python3 with venv, and Linux.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install \
    uvicorn==0.38.0 hypercorn==0.17.3 gunicorn==23.0.0

cat > app.py <<'PYTHON'
import os

START = os.environ["START"].encode()


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(START)))])
    return [START]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    headers = [(b"content-length", b"%d" % len(START))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": START})
PYTHON

cat > run.py <<'PYTHON'
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path


def answer(port):
    """What the start of the server was called that answers; None where none does."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
            return reply.read().decode()
    except OSError:
        return None


def children(pid):
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def family(pid):
    below = children(pid)
    return below + [each for child in below for each in family(child)]


def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def start(command, name):
    with open(name, "w") as log:
        environment = os.environ | {"START": name}
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def after_the_kill(name, *arguments):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [f"venv/bin/{name}", *(each.format(port=port) for each in arguments)]
    first = start(command, "first")
    assert until(lambda: answer(port), 120), name
    workers = family(first.pid)
    first.kill()
    first.wait()
    goes_on = not until(lambda: answer(port) is None, 10)
    second = start(command, "second")
    until(lambda: second.poll() is not None or answer(port) == "second", 120)
    answered = sorted({answer(port) for _ in range(50)})
    workers += family(second.pid) if second.poll() is None else []
    second.kill()
    second.wait()
    refused = "address already in use" in Path("second").read_text().lower()
    for worker in workers:
        try:
            os.kill(worker, signal.SIGKILL)
        except ProcessLookupError:
            continue
    print(f"{name}: answers 10 s later: {goes_on}; when it is started again: {answered}")
    return goes_on, answered, refused


found = {
    "gunicorn": after_the_kill("gunicorn", "app:wsgi", "-w", "2", "-b", "127.0.0.1:{port}"),
    "hypercorn": after_the_kill("hypercorn", "app:asgi", "-w", "2", "-b", "127.0.0.1:{port}"),
    "uvicorn": after_the_kill("uvicorn", "app:asgi", "--workers", "2", "--port", "{port}"),
}
# (still answers, who answers after another start, whether that was refused its address)
expected = {
    "gunicorn": (False, ["second"], False),
    "hypercorn": (True, ["first", "second"], False),
    "uvicorn": (True, ["first"], True),
}
assert found == expected, found
PYTHON
venv/bin/python run.py
