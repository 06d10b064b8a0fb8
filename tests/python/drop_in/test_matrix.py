"""TCP, unix sockets and TLS with each protocol and transport, against thriftpy2 both ways.

Client and server are made by the same code (`peers.matrix`); only the package that it takes the
names from is another. The server runs in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from peers.matrix import PATIENCE, PROTOCOLS, SOCKETS, TRANSPORTS, Package
from support import children

PAIRS = [("fastthrift", "thriftpy2"), ("thriftpy2", "fastthrift"), ("fastthrift", "fastthrift")]
PACKAGES = {name: Package(name) for name in ("fastthrift", "thriftpy2")}


@contextmanager
def serving(package: str, kind: str, directory: Path) -> Iterator[dict[str, Any]]:
    """A process that serves; the addresses by protocol and transport."""
    with subprocess.Popen(
        [sys.executable, "-m", "peers.matrix", package, kind, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=children.environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(timeout=120)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Starts each process when it is first asked for."""
    directory = tmp_path_factory.mktemp("matrix")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    chain = authority.issue_cert("localhost").private_key_and_cert_chain_pem
    chain.write_to_path(str(directory / "server.pem"))
    started: dict[tuple[str, str], dict[str, Any]] = {}
    with ExitStack() as stack:

        def address(package: str, kind: str, protocol: str, transport: str) -> dict[str, Any]:
            if (package, kind) not in started:
                started[package, kind] = stack.enter_context(serving(package, kind, directory))
            found: dict[str, Any] = started[package, kind][f"{protocol} {transport}"]
            return found

        yield address


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", SOCKETS)
@pytest.mark.parametrize(("client_package", "server_package"), PAIRS)
def test_calls(client_package, server_package, kind, protocol, transport, addresses):
    package = PACKAGES[client_package]
    protocol_factory, transport_factory = package.factories(protocol, transport)
    with package.rpc.client_context(
        package.module.Matrix,
        **addresses(server_package, kind, protocol, transport),
        proto_factory=protocol_factory,
        trans_factory=transport_factory,
        socket_timeout=PATIENCE,
    ) as client:
        assert client.name() == "Matrix"
        everything = package.everything()
        assert client.echo(everything) == everything
        assert [client.add(number, 1) for number in range(5)] == [1, 2, 3, 4, 5]
        with pytest.raises(package.module.Refused) as refused:
            client.echo(package.module.Everything(text="refuse"))
        assert vars(refused.value) == {"reason": "as you like", "color": 1}
        assert client.nothing() is None
        note = f"{client_package}{'x' * 100_000}"
        client.note(note)
        assert client.notes()[-1] == note
