"""What the servers behind the engines of the tests answer with; `NAME` says which of them it is,
and `RUNS` in which file each says what it has run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import fastthrift
from fastthrift.server import TNonblockingServer
from fastthrift.thrift import TMultiplexedProcessor, TProcessor
from fastthrift.transport import TServerSocket


class Handler:
    def __init__(self) -> None:
        self.name = os.environ["NAME"]
        # One write for each line, so that servers may share the file.
        self.runs = os.open(os.environ["RUNS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def greet(self, name):
        if name.startswith("header "):
            return fastthrift.current_call().headers.get(name.removeprefix("header "), "none")
        return f"{self.name}: {name}"

    def ping(self):
        pass

    def run(self, ticket):
        self.note(ticket)
        return self.name

    def flags(self, value):
        return value

    def shown(self, value):
        return repr(value)

    def fail(self):
        raise ZeroDivisionError("a secret")

    def note(self, ticket):
        os.write(self.runs, b"%d\n" % ticket)


def main(port: int) -> None:
    """Serve it as one of several services, which `fastthrift serve` does not."""
    service = fastthrift.load(str(Path(__file__).with_name("engines.thrift"))).Greeter
    processor = TMultiplexedProcessor()
    processor.register_processor("greeter", TProcessor(service, Handler()))
    TNonblockingServer(processor, TServerSocket("127.0.0.1", port, client_timeout=None)).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
