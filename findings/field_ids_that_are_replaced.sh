#!/usr/bin/env bash
# Apache's compiler keeps no field id of zero or below: it puts -1, -2, ... in their place, with a
# warning and exit status 0. thriftpy2 keeps them, so that two peers with one IDL file lose each
# other's fields without an error, or read one for the other.
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
venv/bin/pip -q --disable-pip-version-check install 'thrift==0.22.0' 'thriftpy2==0.7.1'

cat >pair.thrift <<'IDL'
struct Pair { 0: i32 left, -1: i32 right }
IDL
thrift --version
mkdir generated
thrift --gen py -out generated pair.thrift >warnings 2>&1
grep -m 2 'not allowed as a field key' warnings

venv/bin/python - <<'PYTHON'
import sys

import thriftpy2
from thriftpy2.protocol import TBinaryProtocolFactory
from thriftpy2.utils import deserialize, serialize

sys.path.insert(0, "generated")
from pair.ttypes import Pair
from thrift.TSerialization import deserialize as apache_read
from thrift.TSerialization import serialize as apache_write

theirs = thriftpy2.load("pair.thrift", module_name="pair_thrift").Pair
print("thriftpy2's ids:", sorted(theirs.thrift_spec))
sent = serialize(theirs(left=1, right=2), TBinaryProtocolFactory())
read = apache_read(Pair(), sent)
print("sent by thriftpy2: left=1 right=2; read by Apache:", read)
back = deserialize(theirs(), apache_write(Pair(left=1, right=2)), TBinaryProtocolFactory())
print("sent by Apache: left=1 right=2; read by thriftpy2:", back)
assert (read.left, read.right) == (2, None), read
assert (back.left, back.right) == (None, 1), back
PYTHON
