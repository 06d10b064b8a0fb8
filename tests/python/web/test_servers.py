"""A service at a URL under real servers, over sockets, called by real clients."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastthrift
import pytest
import thriftpy2
import thriftpy2.http
from fastthrift.http import make_client
from fastthrift.protocol import (
    TApacheJSONProtocolFactory,
    TBinaryProtocolFactory,
    TCompactProtocolFactory,
    TJSONProtocolFactory,
)
from fastthrift.thrift import TApplicationException
from fastthrift.transport import TFramedTransportFactory
from support import dialects
from support.example_processes import HOST, Server, free_port
from support.mount_probe import IDL, MAX_BYTES, PATIENCE, Mount, module
from thrift.protocol import TBinaryProtocol, TCompactProtocol, TJSONProtocol
from thrift.Thrift import TMessageType, TType
from thrift.transport import THttpClient, TTransport

PROBE = "support.mount_probe"
GUNICORN = ["-m", "gunicorn", "-w", "1", "-b", "{bind}"]
GRANIAN = ["-m", "granian", "--host", HOST, "--port", "{port}", "--workers", "1"]
SERVERS = {
    "gunicorn sync": [*GUNICORN, f"{PROBE}:application"],
    "gunicorn gthread": [*GUNICORN, "-k", "gthread", "--threads", "4", f"{PROBE}:application"],
    "gunicorn gevent": [*GUNICORN, "-k", "gevent", f"{PROBE}:application"],
    "granian wsgi": [*GRANIAN, "--interface", "wsgi", f"{PROBE}:application"],
    "hypercorn wsgi": ["-m", "hypercorn", "-b", "{bind}", f"wsgi:{PROBE}:application"],
    "uvicorn": ["-m", "uvicorn", "--port", "{port}", f"{PROBE}:asgi_application"],
    "granian asgi": [*GRANIAN, "--interface", "asgi", f"{PROBE}:asgi_application"],
    "hypercorn": ["-m", "hypercorn", "-b", "{bind}", f"{PROBE}:asgi_application"],
}
AWAITING = ["uvicorn", "granian asgi", "hypercorn"]
#: Those that, as they are started here, make several calls at once.
CONCURRENT = ["gunicorn gthread", "gunicorn gevent", "hypercorn wsgi", *AWAITING]
PROTOCOLS = {
    "binary": TBinaryProtocolFactory,
    "compact": TCompactProtocolFactory,
    "JSON": TJSONProtocolFactory,
    "Apache JSON": TApacheJSONProtocolFactory,
}


class Running:
    def __init__(self, name: str, port: int, log: Path) -> None:
        self.name = name
        self.port = port
        self.log = log

    def client(self, **options: Any) -> Any:
        options = {"timeout": PATIENCE * 1000, "keep_alive": True, **options}
        return make_client(Mount, HOST, self.port, "/thrift", **options)

    def executed(self) -> int:
        client = self.client()
        try:
            count: int = client.executed()
            return count
        finally:
            client.close()

    def request(
        self, body: Any, method: str = "POST", path: str = "/", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers and the body of an answer; a body that is a list is sent in
        chunks."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST":
            given = {"Content-Type": "application/x-thrift", **given}
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            chunked = isinstance(body, list)
            if chunked:
                given["Transfer-Encoding"] = "chunked"
            connection.request(method, path, body, given, encode_chunked=chunked)
            reply = connection.getresponse()
            names = {name.lower(): value for name, value in reply.getheaders()}
            return reply.status, names, reply.read()
        finally:
            connection.close()


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Running]:
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "log"
    values = {"bind": f"{HOST}:{port}", "port": port}
    arguments = [each.format(**values) for each in SERVERS[request.param]]
    tests = os.fspath(Path(__file__).parents[1])
    # gunicorn has a control socket at home.
    process = Server([], port, log, PYTHONPATH=tests, HOME=os.fspath(log.parent))
    # Warnings of these servers are their own.
    process.command = [sys.executable, *arguments]
    process.start()
    try:
        yield Running(request.param, port, log)
    finally:
        process.stop(signal.SIGTERM)


def message(name: str, *arguments: Any, protocol: str = "binary") -> bytes:
    output = fastthrift.transport.TMemoryBuffer()
    prot = PROTOCOLS[protocol]().get_protocol(output)
    prot.write_message_begin(name, 1, 5)
    getattr(Mount, f"{name}_args")(*arguments).write(prot)
    prot.write_message_end()
    prot.trans.flush()
    return output.getvalue()


ADD = message("add", 40, 2)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_calls_of_a_client_of_ours(server: Running, protocol: str) -> None:
    client = server.client(proto_factory=PROTOCOLS[protocol]())
    assert client.add(40, 2) == 42
    assert client.echo("grüße") == "grüße"
    assert client.nothing() is None
    with pytest.raises(module.Wrong) as wrong:
        client.move(module.Place("nowhere"), [], False)
    assert (wrong.value.message, wrong.value.code) == ("there is no such place", 7)
    with pytest.raises(TApplicationException) as failed:
        client.fail("of mine")
    assert failed.value.type == TApplicationException.INTERNAL_ERROR
    assert "of mine" not in str(failed.value)
    before = client.executed()
    client.note("one way")
    assert client.executed() == before + 1
    client.close()


def test_every_dialect_is_answered_or_told(server: Running) -> None:
    for name, body in dialects.calls(Mount, "add", 40, 2).items():
        status, _, text = server.request(body)
        assert status == (400 if "THeader" in name else 200), name
        if status == 400:
            assert text.startswith(f"the body is {name}, this server expects".encode())
    before = server.executed()
    for name, body in dialects.NO_THRIFT.items():
        status, _, text = server.request(body)
        assert (status, server.executed()) == (400, before), name
        assert text.startswith(f"the body is {name}, this server expects".encode())


@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"Content-Length: 100\r\n\r\nabc",
    ],
    ids=["chunks that are none", "half of a body"],
)
def test_a_body_without_an_end_is_the_clients_mistake(server: Running, rest: bytes) -> None:
    before = server.executed()
    with socket.create_connection((HOST, server.port), PATIENCE) as connection:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-thrift\r\n"
        connection.sendall(head + rest)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(PATIENCE)
        # Some hang up without a word.
        answer = connection.recv(65536)
    assert answer.split(b" ")[1:2] in ([], [b"400"], [b"411"])
    assert server.executed() == before


def test_calls_in_frames(server: Running) -> None:
    client = server.client(trans_factory=TFramedTransportFactory())
    assert client.add(40, 2) == 42
    client.close()


def test_calls_of_a_client_of_thriftpy2(server: Running, tmp_path: Path) -> None:
    (tmp_path / "mount.thrift").write_text(IDL)
    theirs = thriftpy2.load(os.fspath(tmp_path / "mount.thrift"), f"theirs_{id(server)}_thrift")
    with thriftpy2.http.client_context(
        theirs.Mount, HOST, server.port, "/thrift", timeout=PATIENCE * 1000
    ) as client:
        assert client.add(40, 2) == 42
        with pytest.raises(theirs.Wrong):
            client.move(theirs.Place("nowhere"), [], False)
        with pytest.raises(thriftpy2.thrift.TApplicationException):
            client.fail("of mine")
        assert client.echo("still here") == "still here"


@pytest.mark.parametrize(
    "protocol",
    [
        TBinaryProtocol.TBinaryProtocolFactory,
        TCompactProtocol.TCompactProtocolFactory,
        TJSONProtocol.TJSONProtocolFactory,
    ],
)
def test_calls_of_a_client_of_apache(server: Running, protocol: Any) -> None:
    client = THttpClient.THttpClient(f"http://{HOST}:{server.port}/thrift")
    client.setTimeout(PATIENCE * 1000)
    prot = protocol().getProtocol(TTransport.TBufferedTransport(client))
    prot.trans.open()
    prot.writeMessageBegin("add", TMessageType.CALL, 7)
    prot.writeStructBegin("add_args")
    for fid, value in ((1, 40), (2, 2)):
        prot.writeFieldBegin("x", TType.I64, fid)
        prot.writeI64(value)
        prot.writeFieldEnd()
    prot.writeFieldStop()
    prot.writeStructEnd()
    prot.writeMessageEnd()
    prot.trans.flush()
    name, kind, seqid = prot.readMessageBegin()
    assert (name, kind, seqid) == ("add", TMessageType.REPLY, 7)
    prot.readStructBegin()
    _, ttype, fid = prot.readFieldBegin()
    assert (ttype, fid) == (TType.I64, 0)
    assert prot.readI64() == 42
    prot.trans.close()


def test_which_answer_tells_of_a_failure(server: Running) -> None:
    status, headers, body = server.request(message("fail", "of mine"))
    assert (status, headers["x-thrift-status"]) == (200, "INTERNAL_ERROR")
    assert b"of mine" not in body
    status, headers, _ = server.request(ADD)
    assert status == 200
    assert "x-thrift-status" not in headers
    assert headers["content-type"] == "application/x-thrift"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_body_in_chunks(server: Running, size: int) -> None:
    """It is executed as a whole, or refused; never as an empty call."""
    chunks = [ADD[start : start + size] for start in range(0, len(ADD), size)]
    status, _, body = server.request(chunks)
    if server.name == "hypercorn wsgi":
        assert (status, b"Content-Length" in body) == (411, True)
    else:
        assert status == 200
        assert (42).to_bytes(8, "big") in body
    assert server.request([])[0] in (400, 411)


def test_a_body_in_pieces(server: Running) -> None:
    head = (
        f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-thrift\r\n"
        f"Content-Length: {len(ADD)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((HOST, server.port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head.encode() + ADD[:1])
        for start in range(1, len(ADD), 9):
            connection.sendall(ADD[start : start + 9])
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200")
    assert (42).to_bytes(8, "big") in answer


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, b"", {}),
        (400, b"abc", {}),
        (400, ADD[:-3], {}),
        (400, ADD + ADD, {}),
        (400, message("add", 1, 2, protocol="compact") + b"x", {}),
        (400, ADD, {"Content_Type": "application/vnd.apache.thrift.compact"}),
        (413, ADD + bytes(MAX_BYTES), {}),
        (413, [ADD, bytes(MAX_BYTES)], {}),
        (415, ADD, {"Content_Type": "text/plain"}),
        (415, ADD, {"Content_Type": "application/x-www-form-urlencoded"}),
        (415, ADD, {"Content_Encoding": "gzip"}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_call_is_refused_and_never_executed(
    server: Running, status: int, body: Any, headers: dict[str, str]
) -> None:
    if isinstance(body, list) and server.name == "hypercorn wsgi":
        status = 411
    before = server.executed()
    assert server.request(body, **headers)[0] == status
    assert server.executed() == before
    assert server.request(ADD)[0] == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_calls_come_by_post(server: Running, method: str) -> None:
    before = server.executed()
    status, headers, _ = server.request(ADD, method)
    # A page is shown at the same path.
    assert (status, headers["allow"]) == (405, "GET, HEAD, POST")
    assert server.executed() == before


def test_the_type_of_a_body_says_its_protocol(server: Running) -> None:
    for protocol, name in [("binary", "binary"), ("compact", "compact"), ("Apache JSON", "json")]:
        kind = f"application/vnd.apache.thrift.{name}"
        sent = message("add", 40, 2, protocol=protocol)
        status, headers, _ = server.request(sent, Content_Type=f"{kind}; charset=utf-8")
        assert (status, headers["content-type"]) == (200, kind)
    assert server.request(ADD, Content_Type="application/octet-stream")[0] == 200


def test_a_call_has_the_time_that_its_client_leaves(server: Running) -> None:
    client = server.client()
    assert client.seconds_left() == -1
    with fastthrift.deadline(PATIENCE):
        left = client.seconds_left()
    assert 0 < left <= PATIENCE + 0.001
    client.close()
    before = server.executed()
    status, headers, body = server.request(ADD, X_Thrift_Timeout="0")
    assert (status, headers["x-thrift-status"]) == (200, "INTERNAL_ERROR")
    assert b"the deadline is over: add() was not executed" in body
    assert server.executed() == before
    for ignored in ("soon", "-1", "1.5", "", "1" * 30, "5, 6"):
        assert b"deadline" not in server.request(ADD, X_Thrift_Timeout=ignored)[2]


def test_calls_by_json(server: Running) -> None:
    kind = {"Content_Type": "application/json"}
    status, headers, body = server.request(b'{"a": 40, "b": 2}', path="/Mount/add", **kind)
    assert (status, headers["content-type"], body) == (200, "application/json", b"42")
    assert server.request(b"{}", path="/Mount/nothing", **kind)[::2] == (204, b"")
    assert server.request(b'{"text": ""}', path="/Mount/note", **kind)[::2] == (202, b"")
    status, headers, body = server.request(b'{"a": "x"}', path="/Mount/add", **kind)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["detail"].startswith("add(): a: expected an integer")
    status, headers, body = server.request(b"{}", path="/Mount/ad", **kind)
    assert (status, json.loads(body)["nearest"]) == (404, ["add"])


def test_the_page(server: Running) -> None:
    status, headers, body = server.request(None, "GET")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert b"Adds two numbers." in body
    status, headers, nothing = server.request(None, "HEAD")
    assert (status, headers["content-length"], nothing) == (200, str(len(body)), b"")


@pytest.mark.parametrize("server", CONCURRENT, indirect=True)
def test_calls_that_block_do_not_wait_for_each_other(server: Running) -> None:
    """Both return when both have begun."""
    answers: list[bool] = []

    def meet() -> None:
        client = server.client()
        answers.append(client.meet())
        client.close()

    threads = [threading.Thread(target=meet) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert answers == [True, True]


def test_every_server_is_there() -> None:
    for name in ("gunicorn", "gevent", "granian", "hypercorn", "uvicorn"):
        assert importlib.util.find_spec(name), name
