"""Show what Thrift files define, as JSON.

Prints the definitions of FILE in the shape of Apache's ``thrift --gen json``, for tools that make
documentation or code of them. What FILE includes is read to understand it, and printed by --all.

exit status: 0 printed, 1 the file has errors, 2 wrong usage
"""

from __future__ import annotations

import argparse
import json
import sys

from fastthrift import _core
from fastthrift._idl import STDIN, UsageError, add_include_dirs, read_stdin
from fastthrift.parser.exc import ThriftParserError

from ._whole import write_whole


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a Thrift file; - is standard input")
    add_include_dirs(parser)
    parser.add_argument(
        "--all",
        action="store_true",
        help="a list of all files, those that are included first",
    )
    parser.add_argument(
        "-o", "--output", metavar="PATH", help="write a file in place of standard output"
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        text = read_stdin() if arguments.file == STDIN else None
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    name = "<stdin>" if arguments.file == STDIN else arguments.file
    try:
        schema = _core.load_schema(name, arguments.include_dirs or ["."], text=text)
    except ThriftParserError as error:
        shown = [found.rendered for found in error.diagnostics if found.severity == "error"]
        print("\n\n".join(shown), file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: cannot read {name}: {error.strerror}", file=sys.stderr)
        return 1
    count = len(schema.files)
    chosen = range(count) if arguments.all else [count - 1]
    documents = [json.loads(schema.json(index)) for index in chosen]
    document = documents if arguments.all else documents[0]
    printed = f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()
    if arguments.output is None:
        sys.stdout.buffer.write(printed)
        return 0
    try:
        write_whole(arguments.output, printed)
    except OSError as error:
        print(f"error: cannot write {arguments.output}: {error.strerror}", file=sys.stderr)
        return 1
    return 0
