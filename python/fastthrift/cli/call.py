"""Call a method of a Thrift service.

Calls METHOD of the service at URL, which is like tcp://host:9090, tls://host:9090, unix:/path or
http://host/path; ?transport=framed, ?protocol=compact and ?service=NAME say how it speaks. An
ARGUMENT is a value, or name=value: text and names of enums as they are, true or false, base64 for
binary, and JSON for structs and containers. Without a SERVICE or METHOD those there are are shown.

exit status: 0 the result is printed, 1 an exception that the method declares, or no answer;
2 wrong usage: nothing was called
"""

from __future__ import annotations

import argparse
import sys

from fastthrift._idl import UsageError
from fastthrift._plain import (
    declared_by,
    error_to_plain,
    json_text,
    result_to_plain,
    text_of_error,
    text_of_result,
)
from fastthrift.cli._called import FAILURES, Called, add_call

OK, FAILED, USAGE = 0, 1, 2


def configure(parser: argparse.ArgumentParser) -> None:
    add_call(parser)
    parser.add_argument(
        "--json", action="store_true", help="print results, and declared exceptions, as JSON"
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        called = Called.of(arguments)
    except UsageError as error:
        print(error, file=sys.stderr)
        return USAGE
    service, method = called.service, called.method
    with called.pool() as pool:
        try:
            result = called.call(pool)
        except tuple(declared_by(service, method)) as error:
            plain = arguments.json
            print(
                json_text(error_to_plain(error)) if plain else text_of_error(error),
                file=sys.stderr,
            )
            return FAILED
        except FAILURES as error:
            print(f"error: {called.why(error)}", file=sys.stderr)
            return FAILED
    if arguments.json:
        print(json_text(result_to_plain(service, method, result)))
    elif text := text_of_result(service, method, result):
        print(text)
    return OK
