"""The deliberate differences from thriftpy2 0.7.1, in one list that the tests read.

A test that asserts one is marked ``@pytest.mark.difference(key)``.  Run as a script, this file
prints the list as the Markdown table of the documentation::

    python tests/python/differences.py
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """What thriftpy2 does, what fastthrift does instead, and the topic they belong to."""

    topic: str
    thriftpy2: str
    fastthrift: str
    #: Running the test against thriftpy2 could crash the interpreter or exhaust memory.
    hazard: bool = False


DIFFERENCES: dict[str, Difference] = {
    "short-input": Difference(
        "Decoding",
        "Short input in memory can decode to contents that were never in it, or raise "
        "struct.error, TypeError or IndexError.",
        "TTransportException of type END_OF_FILE.",
        hazard=True,
    ),
    "promised-sizes": Difference(
        "Decoding",
        "A promised size is trusted: memory and time grow with the claim.",
        "Memory grows with the bytes that arrived; a size beyond the input or the limit raises.",
        hazard=True,
    ),
    "negative-sizes": Difference(
        "Decoding",
        "A negative size reads as an empty value.",
        "TProtocolException of type NEGATIVE_SIZE.",
        hazard=True,
    ),
    "long-varints": Difference(
        "Decoding",
        "A varint may be of any length, and costs quadratic time.",
        "TProtocolException for a varint of more than 10 bytes.",
        hazard=True,
    ),
    "bad-wire-types": Difference(
        "Decoding",
        "An unknown wire type is skipped as if it took no bytes, or raises KeyError.",
        "TProtocolException of type INVALID_DATA.",
        hazard=True,
    ),
    "depth": Difference(
        "Nesting",
        "The limit differs by protocol and path; compact has none but the interpreter's, and "
        "RecursionError is the only class raised.",
        "64 levels everywhere; the exception is a TProtocolException and a RecursionError.",
        hazard=True,
    ),
    "protocol-errors": Difference(
        "Errors",
        "The Cython binary protocol raises protocol.cybin.ProtocolError, the others "
        "protocol.exc.TProtocolException, and neither is the other.",
        "A malformed message raises a class that is both.",
    ),
    "error-places": Difference(
        "Errors",
        "Errors of decoding do not say where they happened.",
        "They name the byte and the field, as in people['bob'].phones[3].number.",
        hazard=True,
    ),
    "strict-decode": Difference(
        "Errors",
        "strict_decode raises a bare UnicodeDecodeError.",
        "The exception is a TProtocolException and a UnicodeDecodeError.",
    ),
    "size-limits": Difference(
        "Decoding",
        "There is no limit on the size of a string or message.",
        "100 MiB each unless the protocol factory says otherwise (max_string_size, "
        "max_message_size).",
    ),
    "container-element-types": Difference(
        "Decoding",
        "Compact reads the elements of a list or set by the declared type whatever type the "
        "message says; every protocol reads a string key or value of a map as the declared "
        "type.  What follows is misread.",
        "A container of other elements than declared is skipped and read as empty.",
    ),
    "string-for-other-type": Difference(
        "Decoding",
        "The pure Python binary protocol reads a string field as the declared type when that "
        "is another one, and so misreads what follows.",
        "The field is skipped and keeps its default.",
    ),
    "encode-errors": Difference(
        "Encoding",
        "Compact and pure Python binary raise struct.error, AttributeError, TypeError or "
        "TProtocolException for a value that does not fit its field.",
        "TDecodeException with the same text in both protocols.",
    ),
    "container-lengths": Difference(
        "Encoding",
        "A container that changes while it is written, or lies about its length, gives a "
        "message whose size is wrong.",
        "The size that is written is the number of elements that follow, or nothing is written.",
    ),
    "compact-str-for-binary": Difference(
        "Encoding",
        "Compact writes the number of characters as the size of a str given for a binary "
        "field: a message with non-ASCII text is broken.",
        "The size is the number of bytes.",
    ),
    "two-item-specs": Difference(
        "Structs",
        "A spec entry of two items, as in TTransportException, works in binary and raises "
        "ValueError or IndexError in compact.",
        "It means the same in every protocol.",
    ),
    "python-keywords": Difference(
        "Structs",
        "A field called like a Python keyword that Thrift does not reserve (None, async, ...) "
        "gives a class that cannot be instantiated with it.",
        "The file is refused, or the field works like any other.",
    ),
    "foreign-transports": Difference(
        "Transports",
        "The Cython binary protocol takes only thriftpy2's own Cython transports.",
        "Every protocol takes any object with read, write and flush.",
    ),
    "negative-sequence-ids": Difference(
        "Messages",
        "Writing a negative sequence id in compact never ends.",
        "It is written as its 32 bits, as Apache Thrift does.",
        hazard=True,
    ),
    "fractions": Difference(
        "Encoding",
        "A float with a fraction is cut to an integer by the Cython binary protocol.",
        "TDecodeException; a whole float is accepted.",
    ),
    "mutable-defaults": Difference(
        "Structs",
        "A default list, map or struct is one object shared by all instances.",
        "Every instance gets a copy of its own.",
    ),
    "undeclared-exceptions": Difference(
        "Calls",
        "An undeclared exception in a handler closes the connection without a word.",
        "The client gets TApplicationException INTERNAL_ERROR; the connection stays.",
    ),
    "oneway-errors": Difference(
        "Calls",
        "An error in a oneway handler closes the connection.",
        "The connection stays; the server logs the error.",
    ),
    "unknown-arguments": Difference(
        "Calls",
        "Unknown keyword arguments of a call vanish.",
        "TypeError that names the method and its parameters.",
    ),
    "sequence-ids": Difference(
        "Calls",
        "Every message carries sequence id 0, and the id of a reply is not looked at.",
        "Each call has its own sequence id, and a reply with another one is refused.",
    ),
}


def markdown() -> str:
    lines = ["| Topic | thriftpy2 0.7.1 | fastthrift |", "| --- | --- | --- |"]
    lines += [f"| {d.topic} | {d.thriftpy2} | {d.fastthrift} |" for d in DIFFERENCES.values()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
