"""Decode messages in a process of bounded memory, and report what happened to each.

Reads a list of ``[struct, protocol, source, hex]`` as JSON from standard input; writes as JSON
the peak memory that the messages added, in bytes, and for each the exception's class names.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from support import subject
from support.samples import IDL
from support.sources import read_from

#: Far more than any of the messages may need, far less than what they claim to hold.
ALLOWANCE = 600 * 2**20


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def current_address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def main() -> None:
    module = subject.load(str(IDL))
    messages = json.load(sys.stdin)
    limit = current_address_space() + ALLOWANCE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    before = peak()
    outcomes = []
    for struct, protocol, source, data in messages:
        start = time.perf_counter()
        try:
            read_from(source, getattr(module, struct), bytes.fromhex(data), protocol)
            names = []
        except Exception as error:
            names = [cls.__name__ for cls in type(error).__mro__]
        outcomes.append({"classes": names, "seconds": time.perf_counter() - start})
    json.dump({"added": peak() - before, "outcomes": outcomes}, sys.stdout)


if __name__ == "__main__":
    main()
