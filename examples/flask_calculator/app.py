"""A page that calculates by calling the Thrift service of server.py.

    flask --app examples/flask_calculator/app.py run

The service is looked for at 127.0.0.1:9090; THRIFT_URL_CALCULATOR=tcp://host:port changes that.
"""

from fastthrift.contrib.flask import Thrift, current_thrift
from fastthrift.thrift import TApplicationException, TException
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue

OPERATIONS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
I32_MIN, I32_MAX = -(2**31), 2**31 - 1

thrift = Thrift()


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["THRIFT_CLIENTS"] = {
        "calculator": {
            "idl": "../calculator.thrift",
            "service": "Calculator",
            "url": "tcp://127.0.0.1:9090",
            # A request that finds all connections busy is told so soon.
            "checkout_timeout": 0.5,
        }
    }
    app.config.from_prefixed_env()
    thrift.init_app(app)

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

        call = getattr(current_thrift["calculator"], operation)
        return respond(200, expression=f"{a} {OPERATIONS[operation]} {b}", result=call(a, b))

    # Without this a failed call is answered by the extension, with the status and as JSON.
    @app.errorhandler(TException)
    def failed(error: TException) -> ResponseReturnValue:
        app.logger.warning("%s failed: %s", request.path, error)
        failure = current_thrift.failure(error)
        if failure is None:
            raise error
        answer = respond(failure.status, error=explain(error) or f"Sorry, {failure.error}.")
        answer.headers.extend(failure.headers)
        return answer

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


def explain(error: TException) -> str | None:
    """What the service has refused, in words of the page; nothing internal is given away."""
    match error:
        case TApplicationException(type=TApplicationException.INTERNAL_ERROR):
            return (
                "The calculator has no answer for this: it cannot divide by zero, and whole "
                f"results must stay between {I32_MIN} and {I32_MAX}."
            )
    return None


def respond(status: int, **answer: object) -> Response:
    """Answers with JSON to clients that prefer it, with the page to all others."""
    offers = ["text/html", "application/json"]
    if request.accept_mimetypes.best_match(offers, default="text/html") == "application/json":
        response = jsonify(answer)
    else:
        response = make_response(
            render_template("calculator.html", operations=OPERATIONS, **answer)
        )
    response.status_code = status
    return response
