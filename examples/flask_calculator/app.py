"""A page that calculates by calling the Thrift service of server.py.

    flask --app examples/flask_calculator/app.py run

The service is looked for at 127.0.0.1:9090; FLASK_CALCULATOR_URL=tcp://host:port changes that.
"""

from pathlib import Path

import fastthrift
from fastthrift.rpc import client_context
from fastthrift.thrift import TApplicationException, TException
from fastthrift.transport import TTransportException
from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue

idl = fastthrift.load(str(Path(__file__).parent.parent / "calculator.thrift"))

OPERATIONS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
I32_MIN, I32_MAX = -(2**31), 2**31 - 1


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["CALCULATOR_URL"] = "tcp://127.0.0.1:9090"
    app.config.from_prefixed_env()

    @app.get("/")
    def page() -> ResponseReturnValue:
        return render_template("calculator.html", operations=OPERATIONS)

    @app.post("/calculate")
    def calculate() -> ResponseReturnValue:
        try:
            a, b = read_number("a", "First number"), read_number("b", "Second number")
            operation = read_operation()
        except ValueError as error:
            return respond(400, error=str(error))

        expression = f"{a} {OPERATIONS[operation]} {b}"
        try:
            # One connection for each request, closed whatever happens inside.
            with client_context(idl.Calculator, url=app.config["CALCULATOR_URL"]) as service:
                result = getattr(service, operation)(a, b)
        except (TException, OSError) as error:
            app.logger.warning("%s failed: %r", expression, error)
            status, message = explain(error, expression)
            return respond(status, error=message)
        return respond(200, expression=expression, result=result)

    return app


def read_number(name: str, label: str) -> int:
    """Reads a form field that must fit the IDL's i32; ValueError has a message for the user."""
    try:
        number = int(request.form.get(name, ""))
    except ValueError:
        raise ValueError(f"{label}: enter a whole number.") from None
    if not I32_MIN <= number <= I32_MAX:
        raise ValueError(f"{label}: enter a number between {I32_MIN} and {I32_MAX}.")
    return number


def read_operation() -> str:
    operation = request.form.get("operation", "")
    if operation not in OPERATIONS:
        raise ValueError(f"Operation: choose one of {', '.join(OPERATIONS)}.")
    return operation


def explain(error: Exception, expression: str) -> tuple[int, str]:
    """Maps a failed call to an HTTP status and a message that gives away nothing internal."""
    match error:
        case TApplicationException(type=TApplicationException.INTERNAL_ERROR):
            return 502, (
                f"The calculator has no answer for {expression}: it cannot divide by zero, and "
                f"whole results must stay between {I32_MIN} and {I32_MAX}."
            )
        case TTransportException(type=TTransportException.NOT_OPEN):
            return 503, "The calculator service cannot be reached. Please try again later."
        case TTransportException(type=TTransportException.TIMED_OUT):
            return 504, "The calculator service did not answer in time. Please try again later."
    return 502, "The calculator service gave no usable answer. Please try again later."


def respond(status: int, **answer: object) -> ResponseReturnValue:
    """Answers with JSON to clients that prefer it, with the page to all others."""
    offers = ["text/html", "application/json"]
    if request.accept_mimetypes.best_match(offers, default="text/html") == "application/json":
        return jsonify(answer), status
    return render_template("calculator.html", operations=OPERATIONS, **answer), status
