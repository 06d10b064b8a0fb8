"""A break for each rule of docs/architecture.md that a change of a few words can break.

Places are found by their text, wherever it stands. What compiles no more is no break.
"""

from __future__ import annotations

import breaks_of_asyncio
import breaks_of_connections
import breaks_of_core
import breaks_of_python
import breaks_of_server

BREAKS = [
    *breaks_of_core.BREAKS,
    *breaks_of_python.BREAKS,
    *breaks_of_connections.BREAKS,
    *breaks_of_asyncio.BREAKS,
    *breaks_of_server.BREAKS,
]

#: Rules, by how they begin, that no such change can break, and why.
WITHOUT = {
    "pyo3 is not in the default dependency tree": "held by cargo",
    "each unsafe block has its reason": "held by a lint",
    "nodes of syntax trees and schemas are small": "a type would change with all that makes it",
    "every deliberate difference from thriftpy2 is listed": "about the tests themselves",
    "the documentation's code runs": "about the pages themselves",
    "the documentation's site has every page": "about the pages themselves",
    "the tables of errors in the documentation are true": "about the pages themselves",
    "thriftpy2's names, signatures and members exist": "each test is one name",
    "the stub describes the native module": "held by stubtest, name by name",
    "each rule of this table that can be broken": "about the breaks themselves",
    "no object crashes, whatever its code does": (
        "what breaks it is memory that is used after it was freed: found by chance, or by "
        "`make test-asan`"
    ),
    "what does not fit into the 31 bits of a length": "takes gigabytes for each try",
    "encoding, decoding and calls leak nothing": "takes a million calls for each try",
    "nothing attaches to the main interpreter": "held by lints",
    "mod_wsgi and uWSGI run applications": "about those servers, which not every machine has",
    "the package imports and calls where there are no unix sockets": "about other systems",
    "objects, classes and transports may be used by several threads": "found by chance",
    "threads may load at once": "found by chance",
    "what is taken of HTTP, h11 reads as the same": "the break of the row before it trips it",
    "sockets are Python's": "a socket that blocks all greenlets blocks the test too, for ever",
    "a proxy knows of every call": "takes nginx, which not every machine has",
}
