"""Decode a large message in a process of its own, and report what it took.

Arguments: a Thrift file, a struct of it, a protocol, a source, and a file with the message.
Writes two numbers of bytes: what the decoded object added to the process, and what decoding it
added at most.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from support import subject
from support.sources import read_from


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def most_resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    idl, struct, protocol, source, message = sys.argv[1:]
    cls = getattr(subject.load(idl), struct)
    data = Path(message).read_bytes()
    # Whatever is made once is there already.
    read_from(source, cls, subject.encode(cls(), protocol), protocol)
    before, peak_before = resident(), most_resident()
    decoded = read_from(source, cls, data, protocol)
    print(resident() - before, most_resident() - max(before, peak_before))
    del decoded


if __name__ == "__main__":
    main()
