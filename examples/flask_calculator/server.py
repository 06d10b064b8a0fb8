"""The calculator service, served by one thread for each connection.

Run it with

    python examples/flask_calculator/server.py [--host HOST] [--port PORT]
"""

import argparse
import logging
import signal
from pathlib import Path

import fastthrift
from fastthrift.rpc import make_server

idl = fastthrift.load(str(Path(__file__).parent.parent / "calculator.thrift"))


class CalculatorHandler:
    """One method for each method of the service; Thrift has checked the arguments.

    An exception that the IDL does not declare, here ZeroDivisionError, is logged by the server
    and reaches the caller as TApplicationException INTERNAL_ERROR. The same happens to a result
    that the declared type cannot hold.
    """

    def add(self, a: int, b: int) -> int:
        return a + b

    def subtract(self, a: int, b: int) -> int:
        return a - b

    def multiply(self, a: int, b: int) -> int:
        return a * b

    def divide(self, a: float, b: float) -> float:
        return a / b


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the calculator.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9090)
    options = parser.parse_args()

    logging.basicConfig(level=logging.INFO)
    server = make_server(idl.Calculator, CalculatorHandler(), options.host, options.port)
    # close() makes serve() return when the calls in flight are done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.close())
    print(f"Starting the calculator at {options.host}:{options.port}, stop with Ctrl-C", flush=True)
    server.serve()


if __name__ == "__main__":
    main()
