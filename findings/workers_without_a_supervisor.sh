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
def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
PYTHON

cat > run.py <<'PYTHON'
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
            return reply.read() == b"ok"
    except OSError:
        return False


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


def after_the_kill(name, *arguments):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [f"venv/bin/{name}", *(each.format(port=port) for each in arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert until(lambda: answers(port), 30), name
    workers = family(process.pid)
    process.kill()
    process.wait()
    # Twenty requests: two workers share the port.
    goes_on = not until(lambda: not answers(port), 10) and all(answers(port) for _ in range(20))
    again = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        refused = "address already in use" in again.communicate(timeout=10)[1].lower()
    except subprocess.TimeoutExpired:
        refused = False
        again.terminate()
        again.wait()
    for worker in workers:
        try:
            os.kill(worker, signal.SIGKILL)
        except ProcessLookupError:
            continue
    print(f"{name}: still answers 10 s later: {goes_on}; another start is refused: {refused}")
    return goes_on, refused


found = {
    "gunicorn": after_the_kill("gunicorn", "app:wsgi", "-w", "2", "-b", "127.0.0.1:{port}"),
    "hypercorn": after_the_kill("hypercorn", "app:asgi", "-w", "2", "-b", "127.0.0.1:{port}"),
    "uvicorn": after_the_kill("uvicorn", "app:asgi", "--workers", "2", "--port", "{port}"),
}
# (still answers, another start is refused)
expected = {"gunicorn": (False, False), "hypercorn": (True, False), "uvicorn": (True, True)}
assert found == expected, found
PYTHON
venv/bin/python run.py
