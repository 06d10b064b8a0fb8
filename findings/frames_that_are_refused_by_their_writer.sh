#!/usr/bin/env bash
# Apache Thrift's Python library writes frames that it refuses to read.
#
# TFramedTransport has a max_frame_size of 16,384,000 bytes, Apache's DEFAULT_MAX_FRAME_SIZE. It holds
# for frames that are read; a larger one is written without an error. A client that sends one finds a
# connection that was closed or reset, and nothing that tells of the size: the limit that the two
# sides share is only known to the one that hangs up.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip --disable-pip-version-check install --quiet thrift==0.25.0

cat >frames.py <<'PYTHON'
import importlib.metadata

from thrift.transport import TTransport

SIZE = 17_000_000

print("thrift", importlib.metadata.version("thrift"))
wire = TTransport.TMemoryBuffer()
writer = TTransport.TFramedTransport(wire)
writer.write(b"x" * SIZE)
writer.flush()
print(f"written without an error: a frame of {len(wire.getvalue()) - 4:,} bytes")

reader = TTransport.TFramedTransport(TTransport.TMemoryBuffer(wire.getvalue()))
try:
    reader.read(1)
except TTransport.TTransportException as error:
    print(f"read: {error!r}")
else:
    raise SystemExit("the behaviour has changed: it was read")
PYTHON
venv/bin/python frames.py
