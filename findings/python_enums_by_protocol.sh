#!/usr/bin/env bash
# What Apache's compiler 0.17 generates for Python with the option `py:enum` reads an enum as its
# name, a str, by the plain protocols, and as a number, an int, by the accelerated ones: never as a
# member of the enum that it made. Which of them reads depends on whether the C extension was built,
# and on the transport. The plain ones refuse to write a member, by a KeyError, and write its name.
# (The compiler 0.24 reads members in fields by both, and in containers ints by the accelerated ones.)
set -eu

command -v thrift >/dev/null || {
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq --no-install-recommends thrift-compiler
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install 'thrift==0.25.0'

cat >pen.thrift <<'IDL'
enum Color { RED = 1, BLUE = 5 }
struct Pen { 1: Color color, 2: list<Color> others }
IDL
thrift --version
mkdir generated
thrift --gen py:enum -out generated pen.thrift

venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

sys.path.insert(0, "generated")
from pen.ttypes import Color, Pen
from thrift.protocol.TBinaryProtocol import (
    TBinaryProtocolAcceleratedFactory,
    TBinaryProtocolFactory,
)
from thrift.transport.TTransport import TMemoryBuffer

print("thrift", version("thrift"), "from PyPI")
plain, accelerated = TBinaryProtocolFactory(), TBinaryProtocolAcceleratedFactory(fallback=False)


def written(pen, factory):
    trans = TMemoryBuffer()
    pen.write(factory.getProtocol(trans))
    return trans.getvalue()


def read(data, factory):
    pen = Pen()
    pen.read(factory.getProtocol(TMemoryBuffer(data)))
    return pen


data = written(Pen(Color.RED, [Color.BLUE]), accelerated)
found = {"plain": read(data, plain), "accelerated": read(data, accelerated)}
for name, pen in found.items():
    print(f"read by the {name} protocol: color={pen.color!r}, others={pen.others!r}")
try:
    written(Pen(Color.RED), plain)
except KeyError as error:
    print("written by the plain protocol: KeyError", error)
else:
    sys.exit("the plain protocol writes members now")
assert written(Pen("RED", ["BLUE"]), plain) == data
assert (found["plain"].color, found["plain"].others) == ("RED", ["BLUE"])
assert (found["accelerated"].color, found["accelerated"].others) == (1, [5])
assert not isinstance(found["accelerated"].color, Color)
PYTHON
