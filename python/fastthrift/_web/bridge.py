"""Calls by JSON, for those who have no Thrift.

``POST <mount>/Calculator/add`` with ``{"a": 1, "b": 2}`` is answered with the result as JSON; all
that goes wrong is answered with problem details (RFC 9457). The call itself goes the way of all
others, as a message: handler, middleware and hooks see no difference.
"""

from __future__ import annotations

import difflib
import http
import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from fastthrift._calls.exchange import Answer, BadRequest, Header
from fastthrift._calls.server_call import SEPARATOR
from fastthrift._calls.services import quoted
from fastthrift._core import TMemoryBuffer, TMessageType
from fastthrift._exceptions import TApplicationException, TDecodeException, TException
from fastthrift._payload import write_payload
from fastthrift._plain import arguments_from, error_to_plain, finite, result_to_plain
from fastthrift.protocol.exc import TProtocolException

from .messages import BINARY, BUFFERED, Made, Message, failure_in

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
#: The status of an answer with an exception that the method declares.
DECLARED = 422

# What is wrong with a value that cannot be sent.
_UNFIT = (TProtocolException, TDecodeException)


class _Problem(BadRequest):
    """A request by JSON that is not served, with more members for the answer."""

    def __init__(self, status: int, reason: str, **members: Any) -> None:
        super().__init__(status, reason)
        self.members = members


def problem(error: BadRequest) -> Answer:
    """The answer to a request by JSON that is not served."""
    members = error.members if isinstance(error, _Problem) else {}
    return _problem(error.status, error.reason, error.headers, **members)


def _problem(status: int, detail: str, headers: Iterable[Header] = (), **members: Any) -> Answer:
    title = http.HTTPStatus(status).phrase
    # In ASCII: what it quotes may be half a character.
    text = json.dumps({"title": title, "status": status, "detail": detail, **members})
    return Answer(status, (("Content-Type", PROBLEM_TYPE), *headers), text.encode())


class JsonTask:
    """A request whose body is a JSON object of arguments."""

    def __init__(
        self, path: str, processors: Mapping[str, Any], *, multiplexed: bool, debug: bool
    ) -> None:
        """``processors`` are those of each service. Raises ``BadRequest`` where the path names no
        method of one."""
        self._debug = debug
        parts = path.strip("/").split("/")
        if len(parts) != 2:
            raise _unknown("a path is /Service/method, not", path, processors)
        name, api = parts
        if name not in processors:
            raise _unknown("no service", name, processors)
        self._service = processors[name]._service
        if api not in self._service.thrift_services:
            raise _unknown(f"{name} has no method", api, self._service.thrift_services)
        self._api = api
        self._name = f"{name}.{api}"
        self._sent_as = f"{name}{SEPARATOR}{api}" if multiplexed else api

    def message(self, body: bytes) -> Message:
        """The call as a message. Raises ``BadRequest`` for arguments that do not fit."""
        try:
            values = json.loads(body, parse_constant=_no_constant, parse_float=finite)
        except (ValueError, RecursionError) as error:
            raise BadRequest(400, f"the body is no JSON: {error}") from error
        if not isinstance(values, dict):
            raise BadRequest(400, "the body is a JSON object of arguments by name")
        output = TMemoryBuffer()
        prot = BINARY.get_protocol(output)
        prot.write_message_begin(self._sent_as, TMessageType.CALL, 0)
        try:
            arguments = arguments_from(self._service, self._api, values)
            write_payload(getattr(self._service, f"{self._api}_args")(**arguments), prot)
        except (ValueError, *_UNFIT) as error:
            raise BadRequest(400, str(error)) from error
        prot.write_message_end()
        return Message(output.getvalue(), BINARY, BUFFERED)

    def answer(self, made: Made) -> Answer:
        """The result, the declared exception, or the problem."""
        result = getattr(self._service, f"{self._api}_result")()
        if result.oneway:
            return Answer(202, (), b"")
        failure = failure_in(made, result)
        if failure is not None:
            return self._failed(made, failure)
        try:
            return self._result(result)
        except (ValueError, *_UNFIT) as error:
            return _problem(500, f"the answer of {self._name}() is no JSON: {error}")

    def _result(self, result: Any) -> Answer:
        fields = [field[1] for field in result.thrift_spec.values()]
        for name in fields:
            if name != "success" and (declared := getattr(result, name)) is not None:
                return _declared(declared)
        if "success" not in fields:
            return Answer(204, (), b"")
        if result.success is None:
            return _problem(500, f"{self._name}() has no result")
        plain = result_to_plain(self._service, self._api, result.success)
        # JSON has no NaN and no infinities.
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        return Answer(200, (("Content-Type", JSON_TYPE),), text.encode())

    def _failed(self, made: Made, failure: TApplicationException) -> Answer:
        if made.call.is_late:
            return _problem(504, str(failure))
        detail = f"{self._name}() failed"
        if self._debug:
            error = failure if made.error is None else made.error
            detail += f": {type(error).__name__}: {_text_of(error)}"
        return _problem(500, detail)


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        # That of a handler's exception is its own code.
        return "its text cannot be told"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON")


def _declared(error: TException) -> Answer:
    """The answer with an exception that the method declares."""
    plain = error_to_plain(error)
    message = plain["fields"].get("message")
    detail = message if isinstance(message, str) else f"the method raised {plain['type']}"
    # What it holds may be no JSON.
    json.dumps(plain, allow_nan=False)
    return _problem(DECLARED, detail, title=plain["type"], exception=plain)


def _unknown(what: str, name: str, known: Iterable[str]) -> BadRequest:
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, 3, 0.5)
    text = f"{what} {quoted(name)}"
    if nearest:
        text += "; did you mean " + " or ".join(map(repr, nearest)) + "?"
    return _Problem(404, text, nearest=nearest, known=names)
