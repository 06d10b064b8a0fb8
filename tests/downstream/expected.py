"""Tests of other packages whose outcome differs between thriftpy2 and fastthrift, and why.

A reason is a key of `tests/python/support/differences.py`, the list behind
`docs/differences.md`, or another page's section.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "python"))

from support.differences import DIFFERENCES

# The texts have more to say than "Could not connect to ..." and "No frame".
CONNECTIONS = "What a connection raises, in docs/errors.md"
# _write_bool and _read_bool are no methods.
SUBCLASSES = "Subclasses of native classes, in docs/migration.md"

# How a test is named by `pytest`, or what a program of ours gives as the name of a result.
EXPECTED: dict[str, dict[str, str]] = {
    "thriftpy2": {
        **{
            f"test_aio.py::TestAIO{transport}{protocol}{ssl}::test_undeclared_exception": (
                "undeclared-exceptions"
            )
            for transport in ("Buffered", "Framed")
            for protocol in ("Binary", "Compact")
            for ssl in ("", "SSL")
        },
        "test_cytransport.py::test_transport_mismatch": CONNECTIONS,
        "test_hook.py::test_load": "pickled-classes",
        "test_parser.py::test_e_use_thrift_reserved_keywords": "reserved-words",
        "test_parser.py::test_include_conflict": "module-names",
        "test_protocol_binary.py::test_write_memoryview": "views-not-contiguous",
        "test_protocol_cybinary.py::test_write_memoryview": "views-not-contiguous",
        "test_protocol_cybinary.py::test_write_decode_error": "encode-errors",
        "test_protocol_compact.py::test_pack_bool": SUBCLASSES,
        "test_protocol_compact.py::test_unpack_bool": SUBCLASSES,
        "test_socket.py::test_client_socket_open": CONNECTIONS,
    },
    "thrift-pyi": {
        "thriftpy2-0.7.1/tests/parser-cases/e_use_thrift_reserved_keywords.thrift": (
            "reserved-words"
        ),
        # A.__module__ is that of the included file, which was loaded by itself before.
        "thriftpy2-0.7.1/tests/parser-cases/issue_121.thrift": "one-class-per-type",
        "thriftpy2-0.7.1/tests/recursive_definition.thrift": "forward-constants",
    },
    "types": {
        "thriftpy2-0.7.1/tests/parser-cases/e_use_thrift_reserved_keywords.thrift": (
            "reserved-words"
        ),
    },
}


def reason(key: str) -> str:
    """What to say of a reason."""
    difference = DIFFERENCES.get(key)
    return f"{difference.topic}: {difference.fastthrift}" if difference else f"See {key}."
