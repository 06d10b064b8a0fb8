"""Files of certificates and keys, for clients and servers of threads and of asyncio."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import fastthrift.contrib.aio.rpc as aio_rpc
import pytest
import trustme
from fastthrift import rpc
from fastthrift.transport.base import TTransportException
from support.rpc import PATIENCE, Calls, Handler, make_server, serving

LONG = PATIENCE * 1000


class Files:
    """A certificate, its key, the key of another one, and what is neither."""

    def __init__(self, directory: Path) -> None:
        authority = trustme.CA()
        own, other = authority.issue_cert("localhost"), authority.issue_cert("elsewhere")
        self.directory = directory
        self.certificate = self.save("certificate.pem", own.cert_chain_pems[0].bytes())
        self.key = self.save("key.pem", own.private_key_pem.bytes())
        self.other_key = self.save("other.pem", other.private_key_pem.bytes())
        self.neither = self.save("neither.pem", b"hello")
        self.damaged = self.save(
            "damaged.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        )
        self.encrypted = f"{directory}/encrypted.pem"
        make = f"openssl pkey -in {self.key} -aes256 -passout pass:secret -out {self.encrypted}"
        subprocess.run(make.split(), check=True)
        self.missing = f"{directory}/missing.pem"

    def save(self, name: str, contents: bytes) -> str:
        path = self.directory / name
        path.write_bytes(contents)
        return str(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("certificates"))


def client_sync(certfile: Any, keyfile: Any) -> None:
    rpc.make_client(Calls, certfile=certfile, keyfile=keyfile)


def client_aio(certfile: Any, keyfile: Any) -> None:
    asyncio.run(aio_rpc.make_client(Calls, certfile=certfile, keyfile=keyfile))


def server_aio(certfile: Any, keyfile: Any) -> None:
    aio_rpc.make_server(Calls, Handler(), certfile=certfile, keyfile=keyfile)


@pytest.mark.difference("encrypted-keys")
@pytest.mark.parametrize("use", [client_sync, client_aio, server_aio])
@pytest.mark.parametrize(
    ("certfile", "keyfile", "text"),
    [
        ("certificate", None, r"no private key in PEM in certfile .*/certificate\.pem: give .* as"),
        ("certificate", "neither", r"no private key in PEM in keyfile .*/neither\.pem"),
        ("certificate", "other_key", r"/other\.pem is not that of the certificate in .*/certific"),
        ("certificate", "missing", r"No such keyfile found: .*/missing\.pem"),
        ("certificate", "damaged", r"the private key in .*/damaged\.pem cannot be read"),
        ("certificate", "encrypted", r"keyfile .*/encrypted\.pem is encrypted: give an ssl_conte"),
        ("certificate", "directory", r"keyfile .* cannot be read: Is a directory"),
        ("missing", "key", r"No such certfile found: .*/missing\.pem"),
        ("neither", "key", r"no certificate in PEM in certfile .*/neither\.pem"),
        ("key", None, r"no certificate in PEM in certfile .*/key\.pem"),
    ],
)
def test_files_that_lack_something_are_named(
    files: Files, use: Any, certfile: str, keyfile: str | None, text: str
) -> None:
    with pytest.raises(OSError, match=text):
        use(getattr(files, certfile), keyfile and getattr(files, keyfile))


@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_the_password_of_a_key_is_asked_for_on_a_terminal(files: Files, password: str) -> None:
    program = f"""
        import os, pty
        child, terminal = pty.fork()
        if child == 0:
            from fastthrift.contrib.aio.rpc import make_server
            try:
                make_server(None, None, certfile={files.certificate!r}, keyfile={files.encrypted!r})
                print("loaded", flush=True)
            except OSError as error:
                print(f"refused: {{error}}", flush=True)
            os._exit(0)
        said = b""
        while b"assword" not in said and b"phrase" not in said:
            said += os.read(terminal, 1000)
        os.write(terminal, b"{password}\\n")
        while b"loaded" not in said and b"refused" not in said:
            said += os.read(terminal, 1000)
        while True:
            try:
                said += os.read(terminal, 1000)
            except OSError:
                break
        os.waitpid(child, 0)
        print(said.decode())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    if password == "secret":
        assert "loaded" in done.stdout
    else:
        assert "cannot be read: is the password right?" in done.stdout


def test_a_server_whose_certfile_has_no_key_says_so(files: Files) -> None:
    with pytest.raises(ssl.SSLError) as caught:
        rpc.make_server(Calls, Handler(), certfile=files.certificate)
    # It has no argument `keyfile`.
    assert str(caught.value) == (
        f"no private key in PEM in certfile {files.certificate}: append the key to certfile"
    )


def test_a_client_whose_certfile_has_no_key_says_so(files: Files) -> None:
    with pytest.raises(ssl.SSLError) as caught:
        client_sync(files.certificate, None)
    assert str(caught.value) == (
        f"no private key in PEM in certfile {files.certificate}: give the key's file as keyfile, "
        "or append the key to certfile"
    )


@pytest.mark.parametrize(
    ("cafile", "text"),
    [("missing", r"No such cafile found: .*/missing\.pem"), ("key", r"no certificate .*/key\.pem")],
)
def test_authorities_that_cannot_be_read_are_named(files: Files, cafile: str, text: str) -> None:
    path = getattr(files, cafile)
    with pytest.raises(OSError, match=text):
        rpc.make_client(Calls, cafile=path)
    with pytest.raises(OSError, match=text):
        asyncio.run(aio_rpc.make_client(Calls, cafile=path))


@pytest.mark.difference("client-certificate")
def test_a_clients_certificate_is_not_sent_in_plain_text_nor_left_out(tmp_path: Path) -> None:
    """A certificate of the client's means TLS; here the server speaks none."""
    own = trustme.CA().issue_cert("a.client")
    path = tmp_path / "client.pem"
    own.private_key_and_cert_chain_pem.write_to_path(str(path))
    with serving(make_server()) as port, pytest.raises(TTransportException):
        rpc.make_client(Calls, "127.0.0.1", port, certfile=str(path), timeout=LONG)
