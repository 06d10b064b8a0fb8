"""The calculator by the code that Apache's compiler generates, on Apache's server.

    mkdir -p examples/apache_generated/gen-py
    thrift -r --gen py --out examples/apache_generated/gen-py examples/calculator.thrift
    python examples/apache_generated/server.py

The protocol is the one line that is not Apache's. CALCULATOR_PORT chooses another port than 9090.
"""

import os
import sys
from pathlib import Path

sys.path.append(os.environ.get("GEN_PY", str(Path(__file__).parent / "gen-py")))

from calculator import Calculator
from fastthrift.contrib.apache.protocol import TBinaryProtocol
from thrift.server import TServer
from thrift.transport import TSocket, TTransport


class CalculatorHandler(Calculator.Iface):
    def add(self, a: int, b: int) -> int:
        return a + b

    def subtract(self, a: int, b: int) -> int:
        return a - b

    def multiply(self, a: int, b: int) -> int:
        return a * b

    def divide(self, a: float, b: float) -> float:
        return a / b


if __name__ == "__main__":
    processor = Calculator.Processor(CalculatorHandler())
    transport = TSocket.TServerSocket("127.0.0.1", int(os.environ.get("CALCULATOR_PORT", "9090")))
    tfactory = TTransport.TBufferedTransportFactory()
    pfactory = TBinaryProtocol.TBinaryProtocolFactory()
    server = TServer.TThreadedServer(processor, transport, tfactory, pfactory, daemon=True)
    server.serve()
