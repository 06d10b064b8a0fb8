"""Where servers listen: addresses as texts, inherited sockets, and ports that are taken."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastthrift.transport import TServerSocket
from fastthrift.transport._listening import Bind, parse_bind, systemd_descriptors
from support.rpc import PATIENCE, client_of, make_server, serving

# --- Addresses as texts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("127.0.0.1:9090", Bind("127.0.0.1", 9090)),
        ("tcp://localhost:9090", Bind("localhost", 9090)),
        ("[::1]:9090", Bind("::1", 9090)),
        ("[::1]:0", Bind("::1", 0)),
        (":9090", Bind("", 9090)),
        ("9090", Bind("", 9090)),
        ("unix:/run/x.sock", Bind(unix_socket="/run/x.sock")),
        ("unix:///run/x.sock", Bind(unix_socket="/run/x.sock")),
        ("unix:x.sock", Bind(unix_socket="x.sock")),
        ("fd:3", Bind(descriptor=3)),
    ],
)
def test_an_address_is_a_text(text: str, bind: Bind) -> None:
    assert parse_bind(text) == bind
    assert parse_bind(str(bind)) == bind


def test_a_port_alone_is_of_the_host_that_is_said() -> None:
    assert parse_bind("9090", default_host="127.0.0.1") == Bind("127.0.0.1", 9090)
    assert parse_bind(":9090", default_host="127.0.0.1") == Bind("", 9090)


@pytest.mark.parametrize(
    "text", ["", "localhost", "localhost:http", "localhost:99999", "fd:x", "unix:"]
)
def test_what_is_no_address_is_told_with_its_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be HOST:PORT|is a number") as caught:
        parse_bind(text)
    assert "\n" not in str(caught.value)


def test_the_sockets_of_systemd_are_for_the_process_that_is_named() -> None:
    ours = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"}
    assert systemd_descriptors(ours) == [3, 4]
    # Programs that are started from here do not take them for theirs.
    assert ours == {}
    others = {"LISTEN_PID": "1", "LISTEN_FDS": "2"}
    assert systemd_descriptors(others) == []
    assert others["LISTEN_FDS"] == "2"


def test_systemd_without_a_socket_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="systemd has opened no sockets for this process"):
        parse_bind("systemd")


# --- Descriptors ----------------------------------------------------------------------------------


@contextlib.contextmanager
def opened() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_a_server_serves_on_a_socket_that_somebody_else_has_opened() -> None:
    with opened() as theirs:
        trans = TServerSocket(descriptor=os.dup(theirs.fileno()), client_timeout=PATIENCE * 1000)
        with serving(make_server(trans=trans)) as port, client_of(port) as client:
            assert client.add(1, 2) == 3
        # It is closed here, and goes on there.
        with socket.create_connection(theirs.getsockname(), PATIENCE):
            theirs.settimeout(PATIENCE)
            theirs.accept()[0].close()


def test_close_wakes_a_server_that_waits_on_an_inherited_socket() -> None:
    with opened() as theirs:
        trans = TServerSocket(descriptor=os.dup(theirs.fileno()))
        server = make_server(trans=trans)
        thread = threading.Thread(target=server.serve)
        thread.start()
        server.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_two_servers_take_turns_on_one_inherited_socket() -> None:
    with opened() as theirs:
        servers = [
            make_server(trans=TServerSocket(descriptor=os.dup(theirs.fileno()))) for _ in range(2)
        ]
        with serving(servers[0]) as port, serving(servers[1]):
            for number in range(20):
                with client_of(port) as client:
                    assert client.add(number, 1) == number + 1


def test_a_descriptor_that_does_not_listen_is_refused_and_stays_open(tmp_path: Path) -> None:
    with socket.socket() as idle:
        with pytest.raises(OSError, match=r"Cannot listen on descriptor \d+: it does not listen"):
            TServerSocket(descriptor=idle.fileno()).listen()
        idle.getsockname()
    with (tmp_path / "file").open("w") as file:
        with pytest.raises(OSError, match="it is no socket"):
            TServerSocket(descriptor=file.fileno()).listen()
        file.write("x")


def test_a_child_that_closes_the_socket_leaves_it_to_its_parent() -> None:
    program = textwrap.dedent(
        """
        import os, socket
        from fastthrift.transport import TServerSocket
        server = TServerSocket("127.0.0.1", 0)
        server.listen()
        address = server.sock.getsockname()
        if (child := os.fork()) == 0:
            server.close()
            os._exit(0)
        os.waitpid(child, 0)
        client = socket.create_connection(address)
        accepted = server.accept()
        print("accepted")
        """
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE
    )
    assert (output.returncode, output.stdout) == (0, "accepted\n"), output.stderr


# --- What is taken --------------------------------------------------------------------------------


def test_a_port_in_use_is_told_in_one_line_with_what_to_do() -> None:
    with opened() as theirs:
        host, port = theirs.getsockname()
        with pytest.raises(OSError, match="in use") as caught:
            TServerSocket(host, port).listen()
        assert str(caught.value).endswith(
            f"Cannot listen on ('{host}', {port}): Address already in use; "
            "another program listens there: stop it, or choose another port"
        )
