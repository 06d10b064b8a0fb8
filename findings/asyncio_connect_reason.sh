#!/bin/sh
# asyncio replaces the system's words for a connection that fails: `strerror` is not what the
# system says of `errno`. uvloop, another loop for the same programs, keeps them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.22.1
cat >"$folder/show.py" <<'END'
import asyncio, os, socket, sys

import uvloop


async def connect(port):
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        return error


with socket.socket() as nobody:
    nobody.bind(("127.0.0.1", 0))
    port = nobody.getsockname()[1]
    try:
        socket.create_connection(("127.0.0.1", port))
    except OSError as error:
        plain = error
    own = asyncio.new_event_loop().run_until_complete(connect(port))
    other = uvloop.new_event_loop().run_until_complete(connect(port))

print("CPython", sys.version.split()[0], "uvloop", uvloop.__version__)
for name, error in (("socket", plain), ("asyncio", own), ("uvloop", other)):
    print(f"{name:8}{type(error).__name__} errno {error.errno} strerror {error.strerror!r}")
said = os.strerror(plain.errno)
assert plain.strerror == said, "socket"
assert own.errno == plain.errno and own.strerror != said, "asyncio now says what the system says"
assert other.errno == plain.errno and other.strerror == said, "uvloop no longer does"
END
"$folder/venv/bin/python" -W ignore "$folder/show.py"
