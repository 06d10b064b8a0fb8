"""asyncio clients and servers against thriftpy2's, synchronous and asyncio, in their own
processes: every protocol and transport over TCP, unix sockets and TLS, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys

import pytest
from fastthrift.contrib.aio.rpc import make_client
from fastthrift.contrib.aio.socket import TAsyncServerSocket
from peers.aio import NETWORKS, converse, expected, places
from support import children
from support.aio import (
    PATIENCE,
    PROTOCOLS,
    TRANSPORTS,
    Authority,
    Calls,
    aio_factories,
    client_of,
    module,
    run,
    serving,
)

NAMES = [
    f"{protocol}-{transport}-{network}"
    for protocol in PROTOCOLS
    for transport in TRANSPORTS
    for network in NETWORKS
]

PEERS = [("thriftpy2", "sync"), ("thriftpy2", "aio"), ("fastthrift", "sync")]


def command(*arguments):
    return [sys.executable, "-m", "peers.aio", *arguments]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    return Authority(directory, "127.0.0.1", "localhost")


@pytest.fixture(scope="module", params=PEERS, ids="-".join)
def peer_server(request, authority, tmp_path_factory):
    """The kind of a server process, and the addresses where it serves."""
    directory = tmp_path_factory.mktemp("peer")
    os.link(authority.certfile, directory / "server.pem")
    package, kind = request.param
    with subprocess.Popen(
        command("serve", package, kind, str(directory)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=children.environment(),
    ) as process:
        line = process.stdout.readline()
        assert line, f"the {kind} server of {package} did not start"
        try:
            yield package, kind, json.loads(line)
        finally:
            process.stdin.close()
            process.wait(PATIENCE)


@pytest.mark.parametrize("name", NAMES)
def test_client_with_peer_server(name, peer_server, authority):
    package, kind, addresses = peer_server
    protocol, transport, network = name.split("-")
    # thriftpy2's own fault: its asyncio compact protocol reads every map as empty.
    blind = (package, kind, protocol) == ("thriftpy2", "aio", "compact")

    async def main():
        secured = {"cafile": authority.cafile} if network == "tls" else {}
        async with await make_client(
            Calls,
            timeout=PATIENCE * 1000,
            **addresses[name],
            **secured,
            **aio_factories(protocol, transport),
        ) as client:
            assert await converse(module, client, blind) == await expected(blind)

    run(main())


@pytest.fixture(scope="module", params=[*PEERS, ("fastthrift", "aio")], ids="-".join)
def peer_answers(request, authority, tmp_path_factory):
    """What client processes were answered by asyncio servers here."""
    directory = tmp_path_factory.mktemp("own")
    os.link(authority.certfile, directory / "server.pem")
    package, kind = request.param

    async def main():
        async with contextlib.AsyncExitStack() as stack:
            addresses = {}
            for name, protocol, transport, place in places(str(directory)):
                listening = TAsyncServerSocket(**place, client_timeout=PATIENCE * 1000)
                await stack.enter_async_context(
                    serving(trans=listening, protocol=protocol, transport=transport)
                )
                if "unix_socket" in place:
                    addresses[name] = place
                    continue
                addresses[name] = {
                    "host": "127.0.0.1",
                    "port": listening.raw_sock.getsockname()[1],
                }
                if "certfile" in place:
                    addresses[name]["cafile"] = authority.cafile
                    if (package, kind) == ("thriftpy2", "aio"):
                        # It encrypts only when it has a certificate of its own.
                        addresses[name]["certfile"] = authority.certfile
            process = await asyncio.create_subprocess_exec(
                *command("call", package, kind),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=children.environment(),
            )
            output, _ = await process.communicate(json.dumps(addresses).encode())
            return json.loads(output)

    return (package, kind), run(main())


@pytest.mark.parametrize("name", NAMES)
def test_server_with_peer_client(name, peer_answers):
    peer, answers = peer_answers
    answer = answers[name]
    wanted = asyncio.run(expected())
    if peer == ("thriftpy2", "aio") and name.startswith("compact"):
        # The same fault of thriftpy2, this time in what it reads of the answers.
        assert answer.pop("counted") == {}
        assert answer["item"].pop("counts") == {}
        del wanted["counted"], wanted["item"]["counts"]
    assert answer == wanted


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ten_mebibytes_there_and_back(protocol, transport):
    async def main():
        async with (
            serving(protocol=protocol, transport=transport) as server,
            client_of(server, protocol=protocol, transport=transport) as client,
        ):
            data = os.urandom(10 << 20)
            assert await client.blob(data) == data
            assert await client.add(1, 2) == 3

    run(main())
