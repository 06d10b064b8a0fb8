"""Which addresses clients and servers use, with threads and with asyncio, and what they say when
none of them answers."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastthrift.contrib.aio.http as aio_http
import fastthrift.contrib.aio.rpc as aio_rpc
import pytest
import thriftpy2.rpc
from fastthrift import http, rpc
from fastthrift.contrib.aio.socket import TAsyncServerSocket, TAsyncSocket
from fastthrift.transport import TServerSocket, TSocket, TSSLServerSocket, TSSLSocket
from fastthrift.transport.base import DeadlineExceeded, TTransportException
from support import aio as aio_support
from support.rpc import PATIENCE, Calls, make_server, scripted_peer, serving
from support.sockets import listener, nobody, silence

LONG = PATIENCE * 1000


def open_sync(*args: Any, cls: Any = TSocket, deadline: float | None = None, **kwargs: Any) -> Any:
    sock = cls(*args, **{"socket_timeout": LONG, **kwargs})
    sock.deadline = deadline
    sock.open()
    return sock


def open_aio(
    *args: Any, cls: Any = TAsyncSocket, deadline: float | None = None, **kwargs: Any
) -> Any:
    """Opened, and closed as long as there is an event loop."""

    async def main() -> Any:
        sock = cls(*args, **{"socket_timeout": LONG, **kwargs})
        sock.deadline = deadline
        await sock.open()
        sock.close()
        await sock.wait_closed()
        return sock

    return asyncio.run(main())


both = pytest.mark.parametrize("connect", [open_sync, open_aio])


def failure(connect: Callable[..., Any], *args: Any, **kwargs: Any) -> TTransportException:
    with pytest.raises(TTransportException) as caught:
        connect(*args, **kwargs)
    assert caught.value.type == TTransportException.NOT_OPEN
    return caught.value


# --- What the system says -------------------------------------------------------------------------


@both
def test_a_refused_connection_is_told_with_its_reason(connect: Any) -> None:
    with nobody() as port:
        error = failure(connect, "127.0.0.1", port)
    assert error.message == f"Could not connect to ('127.0.0.1', {port}): Connection refused"
    assert isinstance(error.__cause__, ConnectionRefusedError)


@both
def test_an_unknown_host_is_told_with_its_reason(connect: Any) -> None:
    with pytest.raises(socket.gaierror) as system:
        socket.getaddrinfo("host.invalid", 9090)
    error = failure(connect, "host.invalid", 9090)
    expected = f"Could not connect to ('host.invalid', 9090): {system.value.strerror}"
    assert error.message == expected


@both
@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".example"])
def test_what_cannot_be_a_host_name_is_an_unknown_host(connect: Any, host: str) -> None:
    error = failure(connect, host, 9090)
    assert f"Could not connect to ('{host}', 9090): not a host name: " in str(error.message)


@both
def test_a_missing_route_is_told_with_its_reason(connect: Any) -> None:
    """No TCP connection goes to all machines at once."""
    error = failure(connect, "255.255.255.255", 9090)
    assert error.message in (
        "Could not connect to ('255.255.255.255', 9090): Network is unreachable",
        "Could not connect to ('255.255.255.255', 9090): No route to host",
    )


@both
def test_a_family_that_the_host_lacks_is_told(connect: Any) -> None:
    error = failure(connect, "::1", 9090, socket_family=socket.AF_INET)
    with pytest.raises(socket.gaierror) as system:
        socket.getaddrinfo("::1", 9090, socket.AF_INET)
    assert error.message == f"Could not connect to ('::1', 9090): {system.value.strerror}"


@both
def test_a_missing_socket_file_is_told_with_its_reason(connect: Any, tmp_path: Path) -> None:
    error = failure(connect, unix_socket=f"{tmp_path}/sock")
    assert error.message == f"Could not connect to {tmp_path}/sock: No such file or directory"


@both
def test_the_end_of_patience_is_told_in_milliseconds(connect: Any) -> None:
    with silence() as port:
        error = failure(connect, "127.0.0.1", port, connect_timeout=50)
    assert error.message == f"Could not connect to ('127.0.0.1', {port}): no answer within 50 ms"
    assert isinstance(error, (TimeoutError, asyncio.TimeoutError))


@both
@pytest.mark.parametrize("port", [-1, 65536, 70000])
def test_a_port_that_is_none_is_refused(connect: Any, port: int) -> None:
    """The C library takes it modulo 65536."""
    with pytest.raises(OverflowError, match=f"port must be 0-65535, not {port}"):
        connect("127.0.0.1", port)


# --- Both families --------------------------------------------------------------------------------


@both
def test_ipv6_needs_no_family(connect: Any) -> None:
    with listener("::1", socket.AF_INET6) as port:
        sock = connect("::1", port)
        assert sock.socket_family == socket.AF_INET6
        sock.close()


# The empty name is this machine, in both families whatever its hosts file says.
@pytest.mark.difference("both-families")
@both
@pytest.mark.parametrize(
    ("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)]
)
def test_both_families_of_a_name_are_tried(connect: Any, host: str, family: int) -> None:
    assert {one[0] for one in socket.getaddrinfo(None, 9090)} == {socket.AF_INET, socket.AF_INET6}
    with listener(host, family) as port:
        sock = connect("", port)
        assert sock.socket_family == family
        sock.close()
    error = failure(connect, "", port)
    assert error.message == f"Could not connect to ('', {port}): Connection refused"


@both
def test_a_family_that_is_asked_for_is_the_only_one(connect: Any) -> None:
    with listener("::1", socket.AF_INET6) as port:
        failure(connect, "", port, socket_family=socket.AF_INET)
        connect("", port, socket_family=socket.AF_INET6).close()


def test_the_family_is_thriftpy2s_until_it_is_known() -> None:
    for sock in (TSocket("::1", 1), TServerSocket("::1", 1), TAsyncSocket("::1", 1)):
        assert sock.socket_family == socket.AF_INET
        assert socket.socket(sock.socket_family).close() is None


def test_opening_again_tries_both_families_again() -> None:
    sock = TSocket("", None, socket_timeout=LONG)
    for host, family in [("::1", socket.AF_INET6), ("127.0.0.1", socket.AF_INET)] * 2:
        with listener(host, family) as sock.port:
            sock.open()
            assert sock.sock.getpeername()[0] == host
            sock.close()


def several(connect: Any, addresses: list[Any], **kwargs: Any) -> Any:
    """Connect to a host that has these addresses."""

    class Known(TSocket if connect is open_sync else TAsyncSocket):  # type: ignore[misc]
        known_addresses = addresses

    return connect("a.host", 9090, cls=Known, **kwargs)


def at(host: str, port: int) -> tuple[int, Any]:
    return socket.AF_INET, (host, port)


@both
def test_each_address_is_told_where_the_reasons_differ(connect: Any) -> None:
    with nobody() as port:
        addresses = [at("255.255.255.255", 1), at("127.0.0.1", port)]
        error = failure(several, connect, addresses)
    assert error.message == (
        "Could not connect to ('a.host', 9090): "
        "255.255.255.255: Network is unreachable; 127.0.0.1: Connection refused"
    )


@both
def test_the_connect_timeout_covers_all_addresses_together(connect: Any) -> None:
    with silence() as first, silence("127.0.0.2") as second:
        addresses = [at("127.0.0.1", first), at("127.0.0.2", second)] * 50
        start = time.monotonic()
        error = failure(several, connect, addresses, connect_timeout=500)
        # A hundred times as long if each address had all of it.
        assert 0.4 < time.monotonic() - start < 25
    assert error.message == "Could not connect to ('a.host', 9090): no answer within 500 ms"
    assert isinstance(error, (TimeoutError, asyncio.TimeoutError))


@both
def test_an_address_that_is_silent_leaves_time_for_the_next(connect: Any) -> None:
    with silence() as first, listener("127.0.0.2") as second:
        addresses = [at("127.0.0.1", first), at("127.0.0.2", second)]
        several(connect, addresses, connect_timeout=6000).close()


@both
@pytest.mark.parametrize("connect_timeout", [None, LONG])
def test_an_address_that_is_silent_leaves_time_for_the_next_until_a_deadline(
    connect: Any, connect_timeout: int | None
) -> None:
    with silence() as first, listener("127.0.0.2") as second:
        addresses = [at("127.0.0.1", first), at("127.0.0.2", second)]
        times = {"socket_timeout": None, "connect_timeout": connect_timeout}
        deadline = time.monotonic() + 6
        several(connect, addresses, deadline=deadline, **times).close()
        assert time.monotonic() < deadline


@both
def test_the_end_of_a_deadline_is_told_of_all_addresses(connect: Any) -> None:
    with silence() as first, silence("127.0.0.2") as second:
        addresses = [at("127.0.0.1", first), at("127.0.0.2", second)]
        end = time.monotonic() + 0.5
        error = failure(several, connect, addresses, deadline=end)
    assert isinstance(error, DeadlineExceeded)
    assert isinstance(error, (TimeoutError, asyncio.TimeoutError))
    expected = r"Could not connect to \('a.host', 9090\): no answer within [0-9.]+ ms"
    assert re.fullmatch(expected, str(error.message))


@both
def test_nobody_is_tried_behind_a_deadline(connect: Any) -> None:
    error = failure(connect, "127.0.0.1", 9090, deadline=time.monotonic())
    assert isinstance(error, DeadlineExceeded)
    assert error.message == "Could not connect to ('127.0.0.1', 9090): the deadline is over"


# --- Servers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["::1", "::"])
def test_a_server_binds_what_its_host_is(host: str) -> None:
    with serving(make_server(trans=TServerSocket(host, 0))) as port:
        with rpc.client_context(Calls, "::1", port, socket_timeout=LONG) as client:
            assert client.add(1, 2) == 3
        with rpc.client_context(Calls, url=f"[::1]:{port}", socket_timeout=LONG) as client:
            assert client.add(1, 2) == 3


def test_a_server_of_both_families_is_there_for_clients_of_thriftpy2() -> None:
    """Which try IPv4 only."""
    for host in ("", "localhost"):
        with (
            serving(make_server(trans=TServerSocket(host, 0))) as port,
            thriftpy2.rpc.client_context(Calls, "127.0.0.1", port, socket_timeout=LONG) as client,
        ):
            assert client.add(1, 2) == 3


def test_a_server_and_a_client_of_asyncio_with_ipv6() -> None:
    async def main() -> None:
        trans = TAsyncServerSocket("::1", 0)
        async with aio_support.serving(trans=trans) as server:
            assert trans.socket_family == socket.AF_INET6
            async with aio_support.client_of(server, host="::1") as client:
                assert await client.add(1, 2) == 3
            url = f"[::1]:{aio_support.port_of(server)}"
            client = await aio_rpc.make_client(aio_support.Calls, url=url, timeout=LONG)
            async with client:
                assert await client.add(1, 2) == 3

    aio_support.run(main())


@pytest.mark.parametrize("server", [TServerSocket, TAsyncServerSocket])
@pytest.mark.parametrize("host", ["host.invalid", "192.0.2.1", "a..b"])
def test_a_server_of_another_machines_name_says_so(server: Any, host: str) -> None:
    """192.0.2.1 is kept for documentation, and nobody's."""
    with pytest.raises(OSError, match="Cannot listen on") as caught:
        server(host, 9090).listen()
    expected = {
        "host.invalid": r"Name or service not known|Temporary failure",
        "192.0.2.1": "Cannot assign requested address",
        "a..b": "not a host name",
    }[host]
    caught.match(rf"Cannot listen on \('{host}', 9090\): .*({expected})")


def test_a_port_in_use_is_no_reason_to_listen_elsewhere() -> None:
    with listener() as port, pytest.raises(OSError, match="Address already in use"):
        TServerSocket("", port).listen()


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> aio_support.Authority:
    return aio_support.Authority(tmp_path_factory.mktemp("tls"), "::1", "127.0.0.1")


def test_tls_over_ipv6_needs_no_family(authority: aio_support.Authority) -> None:
    trans = TSSLServerSocket("::1", 0, client_timeout=LONG, certfile=authority.certfile)
    with serving(make_server(trans=trans)) as port:
        with rpc.client_context(
            Calls, "::1", port, cafile=authority.cafile, socket_timeout=LONG, connect_timeout=LONG
        ) as client:
            assert client.add(1, 2) == 3

        async def main() -> None:
            async with await aio_rpc.make_client(
                aio_support.Calls, "::1", port, cafile=authority.cafile, timeout=LONG
            ) as client:
                assert await client.add(1, 2) == 3

        aio_support.run(main())


def with_tls(connect: Any, addresses: list[Any], cafile: str | None, patience: int = LONG) -> Any:
    """Connect by TLS to a host that has these addresses, and is called as the first."""

    class Known(TSSLSocket if connect is open_sync else TAsyncSocket):  # type: ignore[misc]
        known_addresses = addresses

    host, port = addresses[0][1]
    context = None if cafile else ssl.create_default_context()
    options = {"ssl_context": context, "cafile": cafile, "connect_timeout": patience}
    return connect(host, port, cls=Known, **options)


@both
def test_who_fails_at_tls_is_not_passed_over(
    connect: Any, authority: aio_support.Authority
) -> None:
    """The next address may be somebody else's."""
    trans = TSSLServerSocket("127.0.0.1", 0, client_timeout=LONG, certfile=authority.certfile)
    with serving(make_server(trans=trans)) as port, nobody() as other:
        error = failure(with_tls, connect, [at("127.0.0.1", port), at("127.0.0.1", other)], None)
    expected = rf"Could not connect to \('127.0.0.1', {port}\): certificate verify failed: "
    assert re.match(expected, str(error.message))


@both
@pytest.mark.parametrize("end", ["silence", "an end", "a reset"])
def test_who_says_nothing_by_tls_leaves_time_for_the_next(
    connect: Any, end: str, authority: aio_support.Authority
) -> None:
    """A proxy for example, whose servers are gone."""

    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        if end == "a reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    trans = TSSLServerSocket("127.0.0.1", 0, client_timeout=LONG, certfile=authority.certfile)
    first = listener() if end == "silence" else scripted_peer(script)
    with serving(make_server(trans=trans)) as port, first as other:
        addresses = [at("127.0.0.1", other), at("127.0.0.1", port)]
        patience = 6000 if end == "silence" else LONG
        with_tls(connect, addresses, authority.cafile, patience).close()


@both
@pytest.mark.parametrize("checked", [True, False])
def test_a_certificate_is_for_no_name_only_where_none_is_checked(
    connect: Any, checked: bool, authority: aio_support.Authority
) -> None:
    cls = TSSLSocket if connect is open_sync else TAsyncSocket
    context = authority.client_context()
    context.check_hostname = checked
    trans = TSSLServerSocket("127.0.0.1", 0, client_timeout=LONG, certfile=authority.certfile)
    with serving(make_server(trans=trans)) as port:
        options = {"cls": cls, "ssl_context": context, "connect_timeout": LONG}
        if checked:
            with pytest.raises(ValueError, match="no host that the server's certificate could be"):
                connect("", port, **options)
        else:
            connect("", port, **options).close()


@both
def test_a_handshake_has_the_time_for_connecting(
    connect: Any, authority: aio_support.Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not the event loop's own."""
    monkeypatch.setattr("asyncio.constants.SSL_HANDSHAKE_TIMEOUT", 0.1)
    with listener() as port:
        error = failure(with_tls, connect, [at("127.0.0.1", port)], authority.cafile, 1000)
    assert error.message == f"Could not connect to ('127.0.0.1', {port}): no answer within 1000 ms"
    assert isinstance(error, (TimeoutError, asyncio.TimeoutError))


@both
def test_a_name_that_is_not_found_in_time_is_told(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found.wait(PATIENCE) and [])
    # A name of its own: those who ask for the same one share the lookup, which may go on a while.
    name = f"{connect.__name__}.late"
    try:
        error = failure(connect, name, 9090, connect_timeout=50)
    finally:
        found.set()
    assert error.message == (
        f"Could not connect to ('{name}', 9090): no address was found within 50 ms"
    )
    assert isinstance(error, (TimeoutError, asyncio.TimeoutError))


@both
def test_a_resolver_that_gives_no_address_is_told(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's raises an error; those that programs put in its place may not."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [])
    error = failure(connect, "no.addresses", 9090)
    assert error.message == (
        "Could not connect to ('no.addresses', 9090): the name has no addresses"
    )


# --- gevent ---------------------------------------------------------------------------------------


def test_both_families_under_gevents_patching() -> None:
    program = f"""
        from gevent import monkey
        monkey.patch_all()
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        import gevent, socket
        from support.rpc import Calls, Handler, make_server, port_of
        from fastthrift.protocol import TBinaryProtocol
        from fastthrift.thrift import TClient
        from fastthrift.transport import TBufferedTransport, TServerSocket, TSocket
        ticks = []
        def tick():
            while True:
                ticks.append(1)
                gevent.sleep(0.001)
        gevent.spawn(tick)
        for host in ("::1", "127.0.0.1"):
            server = make_server(Handler(), trans=TServerSocket(host, 0))
            gevent.spawn(server.serve)
            trans = TBufferedTransport(TSocket("", port_of(server), socket_timeout={LONG}))
            trans.open()
            print(TClient(Calls, TBinaryProtocol(trans)).add(1, 2))
            trans.close()
            server.close()
        print(len(ticks) > 0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["3", "3", "True"], done.stderr


# --- URLs -----------------------------------------------------------------------------------------


def call_sync(**kwargs: Any) -> int:
    with rpc.client_context(Calls, **kwargs) as client:
        return client.add(1, 2)


def call_made(**kwargs: Any) -> int:
    client = rpc.make_client(Calls, **kwargs)
    try:
        return client.add(1, 2)
    finally:
        client.close()


def call_aio(**kwargs: Any) -> int:
    async def main() -> int:
        async with await aio_rpc.make_client(aio_support.Calls, **kwargs) as client:
            return await client.add(1, 2)

    return asyncio.run(main())


ways = pytest.mark.parametrize("call", [call_sync, call_made, call_aio])


@pytest.mark.difference("urls-of-clients")
@ways
def test_a_url_may_lack_its_scheme_or_its_port(call: Any) -> None:
    with serving(make_server()) as port:
        for url in (
            f"127.0.0.1:{port}",
            f" thrift://127.0.0.1:{port} ",
            f"tcp://127.0.0.1:{port}/path",
            f"THRIFT://127.0.0.1:{port}",
            f"127.0.0.1:{port}/",
            f"user:secret@127.0.0.1:{port}",
        ):
            assert call(url=url, host="host.invalid", port=1) == 3, url
        assert call(url="127.0.0.1", host="host.invalid", port=port) == 3
        assert call(url="thrift://127.0.0.1", host="host.invalid", port=port) == 3
        assert call(url=f":{port}", host="127.0.0.1", port=1) == 3


@ways
def test_a_url_of_ipv6_with_and_without_its_scheme(call: Any) -> None:
    with serving(make_server(trans=TServerSocket("::1", 0))) as port:
        for url in (f"[::1]:{port}", f"thrift://[::1]:{port}"):
            assert call(url=url) == 3
        for url in ("::1", "[::1]", "0:0:0:0:0:0:0:1"):
            assert call(url=url, port=port) == 3


@ways
@pytest.mark.parametrize("scheme", ["http", "https", "HTTPS"])
def test_a_url_of_http_names_the_client_that_takes_it(call: Any, scheme: str) -> None:
    with pytest.raises(ValueError, match=f"a url of {scheme.lower()} is for THttpClient") as caught:
        call(url=f"{scheme}://user:secret@127.0.0.1:9090/calls")
    assert "make_client or client_context of fastthrift.http" in str(caught.value)
    assert "secret" not in str(caught.value)


@ways
@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("unix:///tmp/sock", "give the path as unix_socket"),
        ("/tmp/sock", "names no host"),
        ("thrift://", "names no host"),
        ("127.0.0.1:ninety", "is no url"),
        ("127.0.0.1:70000", "is no url"),
        ("127.0.0.1:0", "port 0"),
        ("thrift:127.0.0.1:9090", "is no url"),
        ("user:secret@host:ninety", "'host:ninety' is no url"),
        ("[::1", "is no url"),
    ],
)
def test_what_is_no_url_of_a_socket_is_refused(call: Any, url: str, text: str) -> None:
    with pytest.raises(ValueError, match=text) as caught:
        call(url=url)
    assert "secret" not in str(caught.value)


def test_urls_without_a_scheme_over_http() -> None:
    def uri(url: str) -> tuple[str, str, int, str]:
        client: Any = http.make_client(Calls, url=url)
        found = client._iprot.trans
        while not hasattr(found, "scheme"):
            found = found._trans
        return found.scheme, found.host, found.port, found.path

    assert uri("127.0.0.1:9999") == ("http", "127.0.0.1", 9999, "")
    assert uri("localhost:9999/calls?a=1") == ("http", "localhost", 9999, "/calls?a=1")
    assert uri("[::1]:9999") == ("http", "::1", 9999, "")
    assert uri("localhost") == ("http", "localhost", 9090, "")
    assert uri("https://localhost/calls") == ("https", "localhost", 9090, "/calls")
    for url in ("http://", "localhost:ninety", "localhost:70000", "thrift://localhost:9090"):
        with pytest.raises(ValueError, match=r"url|not an http or https URI"):
            http.make_client(Calls, url=url)


def test_urls_without_a_scheme_over_http_with_asyncio() -> None:
    async def main() -> None:
        async def where(url: str) -> str:
            client = await aio_http.make_client(aio_support.Calls, url=url)
            client.close()
            return str(client._iprot.trans.uri if hasattr(client._iprot.trans, "uri") else "")

        for url in ("http://", "localhost:ninety", "localhost:70000"):
            with pytest.raises(ValueError, match="url"):
                await where(url)
        await where("127.0.0.1:9999")

    asyncio.run(main())


# --- Elsewhere ------------------------------------------------------------------------------------


def test_everything_imports_and_works_where_there_is_less_than_on_linux() -> None:
    """As on Windows and macOS: names that only Linux or only unix has are taken away before the
    package is imported, and calls are made."""
    program = f"""
        import asyncio, os, select, signal, socket, sys
        for name in ("AF_UNIX", "SO_REUSEPORT", "AF_PACKET", "CMSG_LEN"):
            delattr(socket, name)
        for name in ("fork", "register_at_fork", "getuid", "geteuid", "sched_getaffinity",
                     "forkpty", "posix_spawn", "memfd_create", "eventfd", "pipe2", "sendfile"):
            delattr(os, name)
        for name in ("poll", "epoll"):
            delattr(select, name)
        for name in ("SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGKILL", "setitimer",
                     "pthread_sigmask", "alarm", "sigwait"):
            delattr(signal, name)
        for name in ("open_unix_connection", "start_unix_server"):
            delattr(asyncio, name)
        sys.modules.update(dict.fromkeys(("fcntl", "resource", "pwd", "grp", "termios")))

        import importlib, pkgutil, fastthrift
        for found in pkgutil.walk_packages(fastthrift.__path__, "fastthrift."):
            # gunicorn itself is for unix alone.
            if "__main__" not in found.name and "gunicorn" not in found.name:
                importlib.import_module(found.name)

        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from support.rpc import Calls, make_server, serving
        from fastthrift.rpc import client_context
        with serving(make_server()) as port:
            with client_context(Calls, "127.0.0.1", port, socket_timeout={LONG}) as client:
                print(client.add(1, 2))

        from fastthrift.transport import TServerSocket, TSocket
        from fastthrift.contrib.aio.socket import TAsyncServerSocket, TAsyncSocket
        for act in (
            lambda: TSocket(unix_socket="/s").open(),
            lambda: TServerSocket(unix_socket="/s").listen(),
            lambda: TAsyncSocket(unix_socket="/s"),
            lambda: TAsyncServerSocket(unix_socket="/s"),
            lambda: TServerSocket("127.0.0.1", 0, reuse_port=True).listen(),
        ):
            try:
                act()
            except Exception as error:
                print(f"{{error}}")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 0, done.stderr
    first, *errors = done.stdout.splitlines()
    assert first == "3"
    assert len(errors) == 5
    for error in errors[:4]:
        assert "this system has no unix sockets: use a host and a port" in error
    assert "reuse_port: this system has no SO_REUSEPORT" in errors[4]
