"""Behind nginx: calls arrive, connections stay, and the proxy knows of every call that runs."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import time

import pytest
from support.engines import program
from support.example_processes import free_port
from support.http import calls, exchange, serving, statuses
from support.http_requests import (
    ACCEPTED,
    ADD,
    CHUNKED,
    HIDDEN,
    LENGTH,
    NOTE,
    REFUSED,
    SMUGGLED,
    chunks,
    mutated,
    post,
)
from support.rpc import PATIENCE, Handler, i32_result, message

CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {{ }}
http {{
    log_format requests "$request_method $upstream_addr";
    access_log access.log requests;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_ignore_client_abort on;
    upstream thrift {{
        server 127.0.0.1:{port};
        keepalive 4;
    }}
    server {{
        listen 127.0.0.1:{own};
        include locations.conf;
    }}
    # For what is no whole request, and would be waited for.
    server {{
        listen 127.0.0.1:{impatient};
        client_header_timeout 1;
        client_body_timeout 1;
        keepalive_timeout 1;
        include locations.conf;
    }}
}}
"""
LOCATIONS = """
location / { proxy_pass http://thrift; }
location /unbuffered/ {
    proxy_pass http://thrift;
    proxy_request_buffering off;
}
"""


class Counting(Handler):
    """Counts what runs."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def add(self, a, b):
        self.calls += 1
        return a + b

    def note(self, text):
        self.calls += 1


class Proxy:
    def __init__(self, port, impatient, handler, folder):
        self.port = port
        self.impatient = impatient
        self.handler = handler
        self.log = folder / "access.log"

    def forwarded(self):
        """How many requests it has passed on."""
        return sum(line.split()[-1] != b"-" for line in self.log.read_bytes().splitlines())

    def exchange(self, request):
        """Send bytes; what comes back until the proxy closes the connection."""
        with socket.create_connection(("127.0.0.1", self.impatient)) as sock:
            sock.settimeout(PATIENCE)
            answer = b""
            with contextlib.suppress(ConnectionError):
                sock.sendall(request)
                while data := sock.recv(65536):
                    answer += data
        return answer


@pytest.fixture(scope="module", params=["threads", "asyncio"])
def proxy(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    own, impatient = free_port(), free_port()
    handler = Counting()
    with serving(request.param, handler) as port:
        (folder / "locations.conf").write_text(LOCATIONS)
        (folder / "nginx.conf").write_text(
            CONFIGURATION.format(port=port, own=own, impatient=impatient)
        )
        command = [program("nginx"), "-p", folder, "-c", "nginx.conf", "-e", folder / "error.log"]
        process = subprocess.Popen(command)
        try:
            while True:
                assert process.poll() is None, (folder / "error.log").read_text()
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", own)).close()
                    break
                time.sleep(0.01)
            yield Proxy(own, impatient, handler, folder)
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.mark.parametrize("keep_alive", [False, True])
@pytest.mark.parametrize("path", ["/", "/unbuffered/"])
def test_calls(proxy, path, keep_alive):
    with calls(proxy.port, path=path, keep_alive=keep_alive) as client:
        assert [client.add(number, 1) for number in range(20)] == list(range(1, 21))
        text = "x" * 1_000_000
        assert client.echo(text) == text
        client.note("hi")


@pytest.mark.parametrize("path", ["/", "/unbuffered/"])
def test_chunks(proxy, path):
    before = proxy.handler.calls
    request = post(chunks(ADD[:9], ADD[9:]), CHUNKED, "Connection: close")
    answer = exchange(proxy.port, request.replace(b"POST /", f"POST {path}".encode()))
    assert statuses(answer) == [200]
    assert message("add", 1, i32_result(3)) in answer
    assert proxy.handler.calls == before + 1


def test_a_health_check(proxy):
    answer = exchange(proxy.port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert statuses(answer) == [405]
    assert b"\r\nAllow: POST\r\n" in answer


ATTEMPTS = {
    "a length that ends after the chunks": post(chunks(ADD) + SMUGGLED, CHUNKED, HIDDEN),
    "a length that ends after the chunks, first": post(chunks(ADD) + SMUGGLED, HIDDEN, CHUNKED),
    "chunks that end after the length": post(
        chunks(ADD + SMUGGLED), f"Content-Length: {len(chunks(ADD)) - 5}", CHUNKED
    ),
    "a body of two requests": post(ADD + SMUGGLED, HIDDEN),
    "a body of two messages": post(ADD + NOTE, f"Content-Length: {len(ADD + NOTE)}"),
    "chunks of two messages": post(chunks(ADD, NOTE), CHUNKED),
    "chunks of two requests": post(chunks(ADD, SMUGGLED), CHUNKED),
    "chunks for HTTP/1.0": post(chunks(ADD) + SMUGGLED, CHUNKED, HIDDEN, version="1.0"),
    "a coding with a tab": post(chunks(ADD) + SMUGGLED, f"{CHUNKED}\t", HIDDEN),
    "a coding after another": post(chunks(ADD) + SMUGGLED, "Transfer-Encoding: x", CHUNKED, HIDDEN),
    "a name with a space": post(chunks(ADD) + SMUGGLED, "Transfer-Encoding : chunked", HIDDEN),
    "a length in a folded line": post(ADD + SMUGGLED, "A: b\r\n Content-Length: 5", HIDDEN),
    "GET with a body": post(SMUGGLED, HIDDEN).replace(b"POST", b"GET", 1),
}


@pytest.mark.parametrize("name", ATTEMPTS)
@pytest.mark.parametrize("path", [b"/", b"/unbuffered/"])
def test_what_is_hidden_in_a_request_never_runs(proxy, name, path):
    before = proxy.handler.calls
    request = ATTEMPTS[name].replace(b"POST /", b"POST " + path, 1)
    proxy.exchange(request)
    assert proxy.handler.calls <= before + 1
    # The next client gets its own answer.
    with calls(proxy.port, keep_alive=True) as client:
        assert [client.add(number, 1) for number in range(5)] == [1, 2, 3, 4, 5]


def test_the_proxy_knows_of_every_call(proxy):
    """Whatever comes: for each call that has run, the proxy has forwarded a request."""
    rng = random.Random(1)
    known = [data for _, data, *_ in (*REFUSED, *ACCEPTED) if len(data) < 5000]
    last = post(ADD, LENGTH, "Connection: close")
    for number in range(400):
        request = rng.choice(known)
        if number % 4:
            request = mutated(rng, request)
        if number % 2:
            request = request.replace(b"POST /", b"POST /unbuffered/", 1)
        calls_before, forwarded_before = proxy.handler.calls, proxy.forwarded()
        proxy.exchange(request + SMUGGLED + last)
        ran = proxy.handler.calls - calls_before
        deadline = time.monotonic() + PATIENCE
        while proxy.forwarded() - forwarded_before < ran:
            # It notes a request when it has answered it.
            assert time.monotonic() < deadline, request
            time.sleep(0.01)
