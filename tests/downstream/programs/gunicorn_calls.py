"""A service under gunicorn_thrift, called by thriftpy2: each worker, buffered and framed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import thriftpy2
from thriftpy2.rpc import make_client
from thriftpy2.thrift import TProcessor
from thriftpy2.transport import TCyBufferedTransportFactory, TCyFramedTransportFactory

IDL = """
exception Refused { 1: i32 code }
service Sums {
    i32 add(1: i32 a, 2: i32 b) throws (1: Refused refused), string library(), void fail(),
    oneway void note(1: string text),
}
"""
sums = thriftpy2.load_fp(io.StringIO(IDL), "sums_thrift")
LIBRARY = thriftpy2.load.__module__.partition(".")[0]
TRANSPORTS = {"buffered": TCyBufferedTransportFactory, "framed": TCyFramedTransportFactory}
WORKERS = ["thriftpy_sync", "thriftpy_gevent"]
# In seconds: more than anybody waits unless something hangs.
PATIENCE = 60


class Handler:
    def add(self, a: int, b: int) -> int:
        if a < 0:
            raise sums.Refused(code=a)
        return a + b

    def library(self) -> str:
        return LIBRARY

    def fail(self) -> None:
        raise KeyError("nobody has declared this")

    def note(self, text: str) -> None: ...


# What gunicorn_thrift is given.
app = TProcessor(sums.Sums, Handler())


def outcomes(path: str, transport: str, library: str) -> Iterator[tuple[str, object]]:
    """What comes of calls at a socket, whose server has the library that is meant."""
    factory = TRANSPORTS[transport]()

    def connect() -> object:
        options = {"unix_socket": path, "trans_factory": factory, "timeout": PATIENCE * 1000}
        return make_client(sums.Sums, **options)

    for number in range(3):
        client = connect()
        assert client.library() == library
        client.note("x" * 100_000)
        total = sum(client.add(step, number) for step in range(500))
        yield f"the sums of connection {number}", total
        try:
            client.add(-7, 0)
        except sums.Refused as error:
            yield f"a declared exception of connection {number}", error.code
        client.close()
    client = connect()
    try:
        yield "an undeclared exception", client.fail()
    except Exception as error:
        yield "an undeclared exception", type(error).__name__
    client.close()


def served(folder: Path, worker: str, transport: str) -> dict[str, object]:
    """What a gunicorn of that worker answered, and how it ended."""
    path = folder / f"{worker}-{transport}"
    name = TRANSPORTS[transport].__name__
    command = [
        *(sys.executable, Path(sys.executable).with_name("gunicorn_thrift"), "-k", worker),
        *("-w", "2", "-b", f"unix:{path}", "--thrift-client-timeout", str(PATIENCE)),
        *("--thrift-protocol-factory", "thriftpy2.protocol:TCyBinaryProtocolFactory"),
        *(
            "--thrift-transport-factory",
            f"thriftpy2.transport:{name}",
            f"{Path(__file__).stem}:app",
        ),
    ]
    with (folder / f"{path.name}.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=Path(__file__).parent, stdout=log, stderr=log)
        try:
            end = time.monotonic() + PATIENCE
            while not path.exists():
                assert server.poll() is None, f"see {log.name}"
                assert time.monotonic() < end
                time.sleep(0.05)
            # The client has thriftpy2, whatever the server has.
            plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
            calling = [sys.executable, __file__, "call", str(path), transport, LIBRARY]
            found = json.loads(subprocess.check_output(calling, env=plain, timeout=5 * PATIENCE))
        finally:
            server.terminate()
            ended = server.wait(PATIENCE)
    return {**found, "the end": ended}


if __name__ == "__main__":
    if sys.argv[1] == "call":
        assert LIBRARY == "thriftpy2"
        print(json.dumps(dict(outcomes(*sys.argv[2:]))))
    else:
        found = {
            f"{worker}, {transport}: {what}": str(outcome)
            for worker in WORKERS
            for transport in TRANSPORTS
            for what, outcome in served(Path(sys.argv[1]), worker, transport).items()
        }
        print(json.dumps(found))
