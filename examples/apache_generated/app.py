"""A page that calculates by a generated client.

    flask --app examples/apache_generated/app.py run

The protocol is the one line that is not Apache's. CALCULATOR_PORT is where server.py serves.
"""

import os
import sys
from pathlib import Path

sys.path.append(os.environ.get("GEN_PY", str(Path(__file__).parent / "gen-py")))

from calculator import Calculator
from fastthrift.contrib.apache.protocol import TBinaryProtocol
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from thrift.Thrift import TApplicationException
from thrift.transport import TSocket, TTransport

OPERATIONS = ("add", "subtract", "multiply", "divide")

app = Flask(__name__)


@app.get("/<operation>")
def calculate(operation: str) -> ResponseReturnValue:
    if operation not in OPERATIONS:
        return jsonify(error=f"choose one of {', '.join(OPERATIONS)}"), 404
    a, b = request.args.get("a", 0, type=int), request.args.get("b", 0, type=int)
    transport = TSocket.TSocket("127.0.0.1", int(os.environ.get("CALCULATOR_PORT", "9090")))
    transport = TTransport.TBufferedTransport(transport)
    protocol = TBinaryProtocol.TBinaryProtocol(transport)
    client = Calculator.Client(protocol)
    transport.open()
    try:
        result = getattr(client, operation)(a, b)
    except TApplicationException as error:
        return jsonify(error=str(error)), 502
    finally:
        transport.close()
    return jsonify(result=result)
