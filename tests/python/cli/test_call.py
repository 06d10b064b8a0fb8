"""``fastthrift call``: the real command, in a process of its own, with real servers."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import fastthrift
import pytest
import trustme
from fastthrift.protocol import TCompactProtocolFactory, THeaderProtocolFactory
from fastthrift.server import TThreadedServer
from fastthrift.testing import serve
from fastthrift.thrift import TMultiplexedProcessor, TProcessor
from fastthrift.transport import (
    TFramedTransportFactory,
    THeaderTransportFactory,
    TServerSocket,
)
from fastthrift.transport.sslsocket import TSSLServerSocket
from support.rpc import IDL, Calls, Handler, Other


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "fastthrift", "call", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def idl(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("call") / "calls.thrift"
    path.write_text(IDL)
    return str(path)


class Recording(Handler):
    def __init__(self) -> None:
        super().__init__()
        self.close_codes: list[int] = []

    def close(self, code: int) -> None:
        self.close_codes.append(code)


@pytest.fixture(scope="module")
def handler() -> Recording:
    return Recording()


@pytest.fixture(scope="module")
def url(handler: Recording) -> Iterator[str]:
    with serve(Calls, handler) as url:
        yield url
        handler.go_on.set()


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["add", "40", "2"], "42\n"),
        (["add", "b=2", "a=-44"], "-42\n"),
        (["add", "40", "2", "--json"], "42\n"),
        (["echo", "text as it is"], "text as it is\n"),
        (["echo", "text", "--json"], '"text"\n'),
        (["truth", "true"], "true\n"),
        (["nothing"], ""),
        (["nothing", "--json"], "null\n"),
        (["note", "a line"], ""),
        (["whoami"], "Calls\n"),
    ],
)
def test_a_result_is_printed(url: str, idl: str, arguments: list[str], output: str) -> None:
    done = run(url, idl, "Calls", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, output, "")


def test_structs_come_and_go_as_json(url: str, idl: str) -> None:
    person = {"name": "Ada", "phones": [{"number": "1", "kind": 2}], "id": 7}
    done = run(url, idl, "Calls", "person", json.dumps(person))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == person


def test_a_method_that_is_called_as_one_of_the_client(
    url: str, idl: str, handler: Recording
) -> None:
    assert run(url, idl, "Calls", "close", "3").returncode == 0
    assert handler.close_codes == [3]


@pytest.mark.parametrize(
    "query", ["?transport=framed", "?protocol=compact", "?protocol=json", "?protocol=apache_json"]
)
def test_the_url_says_how_to_speak(url: str, idl: str, query: str) -> None:
    assert run(url + query, idl, "Calls", "add", "40", "2").stdout == "42\n"


def test_a_declared_exception_is_told_with_its_fields(url: str, idl: str) -> None:
    done = run(url, idl, "Calls", "person", "{}")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", 'NotFound: name="nobody"\n')
    done = run(url, idl, "Calls", "person", "{}", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads(done.stderr) == {"type": "NotFound", "fields": {"name": "nobody"}}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["Calls"], ["METHOD is needed", "  add(1: i32 a, 2: i32 b) -> i32\n", "whoami()"]),
        ([], ["SERVICE is needed", "Base, Calls, Other"]),
        (["Cals", "add"], ["no service 'Cals' (did you mean 'Calls'?)", "Base, Calls, Other"]),
        (["Calls", "ad"], ["no method 'ad' (did you mean 'add'?)", "  echo(1: string text)"]),
        (["Calls", "add", "40"], ["add() lacks b; it is add(1: i32 a, 2: i32 b) -> i32"]),
        (["Calls", "add", "a", "b"], ["a: expected an integer, found 'a'"]),
        (["Calls", "add", "1", "2", "--timeout", "0"], ["no number of seconds above 0"]),
        (["Calls", "add", "1", "2", "-H", "A: b"], ["--header is for http and https"]),
        (["Calls", "add", "1", "2", "--ca", "ca.pem"], ["are for tls and https"]),
        (["Calls", "add", "1", "--tmeout=3"], ["call [-h] ", "(did you mean '--timeout'?)"]),
        (["Calls", "--json", "add", "1"], ["or behind the last"]),
        (["Calls", "add", "-inf", "1"], ["values that begin with - stand behind --, or are like"]),
    ],
)
def test_wrong_usage_calls_nothing(
    url: str, idl: str, arguments: list[str], expected: list[str]
) -> None:
    done = run(url, idl, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert [text for text in expected if text not in done.stderr] == []
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [([], "URL, FILE"), (["tcp://127.0.0.1:1"], "FILE")],
)
def test_what_is_missing_is_told(arguments: list[str], missing: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"the following arguments are required: {missing}\n")


def test_wrong_urls_and_files_are_wrong_usage(url: str, idl: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.thrift"
    broken.write_text("service S {\n  i32 add(1: i23 a)\n}\n")
    for arguments, text in (
        (["tpc://x", idl, "Calls", "add"], "it must begin with tcp://"),
        ([url, str(tmp_path / "none.thrift"), "S", "add"], "cannot read "),
        ([url, str(broken), "S", "add"], f"{broken}:2:14"),
        ([url, str(tmp_path), "S", "add"], "is a directory: one Thrift file is needed"),
        ([url, "-", "S", "add"], "'-' has no name that ends with .thrift"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert text in done.stderr
        assert "Traceback" not in done.stderr


SUMS = "service Sums { double half(1: double x), double total(1: list<double> numbers) }"


class Sums:
    def half(self, x: float) -> float:
        return x / 2

    def total(self, numbers: list[float]) -> float:
        return sum(numbers)


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    path = tmp_path_factory.mktemp("sums") / "sums.thrift"
    path.write_text(SUMS)
    with serve(fastthrift.load(str(path)).Sums, Sums()) as url:
        yield [url, str(path), "Sums"]


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["half", "inf"], "Infinity"),
        (["half", "x=-infinity"], "-Infinity"),
        (["half", "nan"], "NaN"),
        (["half", "1e-400"], "0.0"),
        (["half", "1.5e308"], "7.5e+307"),
        (["total", "[0.5, 2e3]"], "2000.5"),
        (["total", "[Infinity]"], "Infinity"),
    ],
)
def test_infinities_are_sent_where_they_are_meant(
    sums: list[str], arguments: list[str], output: str
) -> None:
    done = run(*sums, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{output}\n", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["half", "1e400"], "half(): x: 1e400 is more than a double holds"),
        (["half", "x=-1e400"], "half(): x: -1e400 is more than a double holds"),
        (["half", "1" * 400], f"half(): x: {'1' * 40}... is more than a double holds"),
        (
            ["total", "[1, 1e400]"],
            "total(): numbers: expected list<double> as JSON: 1e400 is more than a double holds",
        ),
    ],
)
def test_a_number_that_is_more_than_a_double_holds_is_wrong_usage(
    sums: list[str], arguments: list[str], told: str
) -> None:
    done = run(*sums, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {told}\n")


def test_services_of_included_files_are_told_with_their_names(
    sums: list[str], tmp_path: Path
) -> None:
    url, idl, _ = sums
    (tmp_path / "sums.thrift").write_text(Path(idl).read_text())
    (tmp_path / "all.thrift").write_text('include "sums.thrift"')
    including = str(tmp_path / "all.thrift")
    assert run(url, including).stderr.endswith("all.thrift has: sums.Sums\n")
    told = run(url, including, "Sums", "half", "1").stderr
    assert told.endswith("has no service 'Sums' (did you mean 'sums.Sums'?); it has: sums.Sums\n")
    assert run(url, including, "sums.Sums", "half", "1").stdout == "0.5\n"


def failure(*arguments: str) -> str:
    """What a call that has no answer says: one line."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_nobody_listens(idl: str) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        said = failure(f"tcp://127.0.0.1:{port}", idl, "Calls", "add", "1", "2")
    assert f"tcp://127.0.0.1:{port}" in said
    assert "Connection refused" in said
    assert "is a server running there" in said


def test_no_answer_in_time(url: str, idl: str) -> None:
    said = failure(url, idl, "Calls", "wait", "1", "--timeout", "0.2")
    assert "Calls.wait()" in said
    assert "had 0.2 s, --timeout SECONDS" in said


def test_errors_that_the_server_tells(url: str, idl: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        said = failure(url, idl, "Calls", "fail", "a secret")
    assert "Internal error processing fail" in said
    assert url.removeprefix("tcp://") in said
    assert "a secret" not in said
    assert "Unknown method hello" in failure(url, idl, "Other", "hello", "you")


@contextlib.contextmanager
def serving(server: TThreadedServer) -> Iterator[str]:
    """A server in a thread; gives its address."""
    server.trans.listen()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"127.0.0.1:{server.trans.sock.getsockname()[1]}"
    finally:
        server.close()
        thread.join()


def test_a_server_that_speaks_otherwise(idl: str) -> None:
    server = TThreadedServer(
        TProcessor(Calls, Handler()),
        TServerSocket("127.0.0.1", 0),
        TFramedTransportFactory(),
        TCompactProtocolFactory(),
    )
    with serving(server) as address:
        assert "?transport=framed" in failure(f"tcp://{address}", idl, "Calls", "add", "1", "2")
        spoken = f"tcp://{address}?transport=framed&protocol=compact"
        assert run(spoken, idl, "Calls", "add", "40", "2").stdout == "42\n"


class You:
    def hello(self, name: str) -> str:
        return name

    def boom(self) -> int:
        raise LookupError


def test_one_of_several_services(idl: str) -> None:
    processor = TMultiplexedProcessor()
    processor.register_processor("calls", TProcessor(Calls, Handler()))
    processor.register_processor("other", TProcessor(Other, You()))
    with serving(TThreadedServer(processor, TServerSocket("127.0.0.1", 0))) as address:
        url = f"tcp://{address}"
        assert run(f"{url}?service=calls", idl, "Calls", "add", "40", "2").stdout == "42\n"
        assert "?service=NAME" in failure(url, idl, "Calls", "add", "40", "2")
        assert "?service=NAME" in failure(f"{url}?service=x", idl, "Calls", "add", "40", "2")


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (200, "the url says where the service is, by its path, and how to speak: https://"),
        (404, "the url says where the service is, by its path, and how to speak: https://"),
        (401, "--header NAME:VALUE sends what it asks for"),
        (503, "the server's log tells why"),
    ],
)
def test_a_web_server_that_has_no_such_service_there(idl: str, status: int, advice: str) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"<html")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"127.0.0.1:{server.server_port}"
            said = failure(f"http://{address}/calls", idl, "Calls", "add", "1", "2")
            assert f"answered {status} " in said
            assert f"; {advice}" in said
            if status == 200:
                said = failure(f"https://{address}", idl, "Calls", "add", "1", "2")
                assert "speak TLS?" in said
                assert "tcp:// and http:// are without encryption" in said
        finally:
            server.shutdown()
            thread.join()


def test_http_with_headers(idl: str) -> None:
    seen: list[dict[str, str]] = []

    def note(get_response: Any) -> Any:
        def answer(call: Any) -> Any:
            seen.append(dict(call.headers))
            return get_response(call)

        return answer

    with serve(Calls, Handler(), over_http=True, middleware=[note]) as url:
        done = run(url, idl, "Calls", "add", "40", "2", "-H", "X-Token: one:two")
        assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
        with serve(Calls, Handler()) as socket_url:
            said = failure(socket_url.replace("tcp", "http"), idl, "Calls", "add", "1", "2")
        assert "closed the connection" in said
        assert "tcp:// or tls:// without HTTP" in said
    assert seen[0]["x-token"] == "one:two"


def test_theader_with_headers(idl: str) -> None:
    class Told(Handler):
        def echo(self, name: str) -> str:
            call = fastthrift.current_call()
            assert call is not None
            return call.headers[name]

    listening = TServerSocket("127.0.0.1", 0)
    listening.listen()
    parts = THeaderTransportFactory(), THeaderProtocolFactory()
    server = TThreadedServer(TProcessor(Calls, Told()), listening, *parts, daemon=True)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    url = f"tcp://127.0.0.1:{listening.sock.getsockname()[1]}?transport=header"
    done = run(url, idl, "Calls", "echo", "x-token", "-H", "X-Token: one:two")
    server.close()
    thread.join()
    assert (done.returncode, done.stdout, done.stderr) == (0, "one:two\n", "")


@pytest.mark.parametrize("header", ["X: a\r\nY: b", "X: \u20ac", "X Y: a", "\u00e9: a"])
def test_a_header_that_cannot_be_sent_is_wrong_usage(idl: str, header: str) -> None:
    done = run("http://127.0.0.1:1/", idl, "Calls", "add", "1", "2", "-H", header)
    assert done.returncode == 2
    assert "cannot be sent" in done.stderr
    assert "Traceback" not in done.stderr


def test_tls(idl: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    ca, cert, server_cert = (str(tmp_path / name) for name in ("ca.pem", "client.pem", "own.pem"))
    authority.cert_pem.write_to_path(ca)
    for path in (cert, server_cert):
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
    context.load_cert_chain(server_cert)
    context.verify_mode = ssl.CERT_REQUIRED
    trans = TSSLServerSocket("127.0.0.1", 0, ssl_context=context)
    with serving(TThreadedServer(TProcessor(Calls, Handler()), trans)) as address:
        url = f"tls://{address}"
        done = run(url, idl, "Calls", "add", "40", "2", "--ca", ca, "--cert", cert)
        assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
        said = failure(url, idl, "Calls", "add", "40", "2")
        assert "certificate verify failed" in said
        assert "--ca FILE" in said
        said = failure(url, idl, "Calls", "add", "40", "2", "--ca", ca)
        assert "--cert FILE, with --key FILE, shows a certificate" in said
        said = failure(
            url.replace("127.0.0.1", "localhost"), idl, "Calls", "add", "40", "2", "--ca", ca
        )
        assert "the url needs a name that the certificate is for" in said
        for other in (f"tcp://{address}", f"http://{address}/"):
            assert "with encryption" in failure(other, idl, "Calls", "add", "40", "2")
        done = run(url, idl, "Calls", "add", "40", "2", "--ca", f"{ca}.not")
        assert done.returncode == 2
        assert "ca.pem.not): No such file" in done.stderr


@pytest.mark.parametrize("command", ["call", "check", "format"])
def test_an_interrupt_ends_a_command_without_a_traceback(
    command: str, idl: str, url: str, handler: Recording
) -> None:
    arguments = [url, idl, "Calls", "wait", "1"] if command == "call" else ["-"]
    handler.waiting.clear()
    handler.go_on.clear()
    process = subprocess.Popen(
        [sys.executable, "-m", "fastthrift", command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if arguments == ["-"]:
            assert process.stdin is not None
            # More than a pipe holds: who has written it knows that it is read. It never ends.
            process.stdin.write("# a comment\n" * 100_000)
        else:
            assert handler.waiting.wait(600)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=600)
        assert (process.returncode, told) == (130, "")
    finally:
        handler.go_on.set()
        process.kill()
        process.wait()
