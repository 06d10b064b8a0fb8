#!/usr/bin/env bash
# CPython 3.10: when the peer of an asyncio connection over TLS has ended it, the transport's get_write_buffer_size() raises
# AttributeError, and is_closing() is still False. Who asks how much is left before closing, as servers do that give slow
# clients a time, fails where nothing is left to do. Over plain TCP it is 0, and over TLS since 3.11, which says that it is
# closing. Packages: trustme, for a certificate. The CPythons are those found on this machine.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet 'trustme==1.2.1'
"$folder/venv/bin/python" -m trustme --quiet --dir "$folder" --identities localhost

cat >"$folder/ended.py" <<'PYTHON'
import asyncio
import contextlib
import ssl
import sys

folder = sys.argv[1]
of_server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
of_server.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
of_client = ssl.create_default_context(cafile=f"{folder}/client.pem")


async def left(ssl_of_server, **ssl_of_client):
    """What a server is told of its writer, when the client has ended the connection."""
    found = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        while await reader.read(100):
            pass
        # The end has come; the loop looks after the rest of it.
        for _ in range(20):
            await asyncio.sleep(0.01)
        try:
            size = writer.transport.get_write_buffer_size()
        except AttributeError as error:
            size = type(error).__name__
        found.set_result((size, writer.transport.is_closing()))
        writer.close()

    server = await asyncio.start_server(serve, "localhost", 0, ssl=ssl_of_server)
    async with server:
        address = server.sockets[0].getsockname()[:2]
        _, writer = await asyncio.open_connection(*address, **ssl_of_client)
        writer.write(b"hello")
        await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return await found


plain = asyncio.run(left(None))
tls = asyncio.run(left(of_server, ssl=of_client, server_hostname="localhost"))
print(f"CPython {sys.version.split()[0]}: left over TCP {plain[0]}, over TLS {tls[0]}, closing {tls[1]}")
is_old = sys.version_info < (3, 11)
expected = ("AttributeError", False) if is_old else (0, tls[1])
sys.exit(0 if plain[0] == 0 and tls == expected else 1)
PYTHON

found=0
for version in 3.10 3.11 3.12 3.13 3.14; do
    for python in "$(command -v "python$version" || true)" "$HOME"/.pyenv/versions/"$version".*/bin/python; do
        if [ -x "$python" ] && "$python" -c '' 2>/dev/null; then
            "$python" "$folder/ended.py" "$folder"
            found=$((found + 1))
            break
        fi
    done
done
[ "$found" -gt 0 ] || { echo 'no CPython from 3.10 on was found' >&2; exit 1; }
