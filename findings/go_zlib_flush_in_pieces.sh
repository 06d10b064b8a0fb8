#!/bin/sh
# Apache Thrift for Go 0.17.0: each flush of its zlib transport is two writes to the socket below (the
# first one three), and the message can be read as a whole before the last, which is the four bytes
# 00 00 ff ff that stand for nothing. Who has read the answer has not read all that comes with it: a
# client that takes whatever arrives between two calls for the end of its connection, or a server that
# takes it for the beginning of the next call, is wrong, but only when the last write arrives late.
# Python's zlib gives the bytes of such a flush as one.
#
# Needs Go, python3 and Debian's apt-get and dpkg-deb.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download --quiet golang-thrift-dev=0.17.0-2+b2 >/dev/null 2>&1
dpkg-deb --extract golang-thrift-dev_*.deb root
mkdir -p gopath/src/probe
cat > gopath/src/probe/main.go <<'GO'
package main

import (
	"context"
	"fmt"

	"github.com/apache/thrift/lib/go/thrift"
)

// In place of a socket: tells of each write.
type wire struct{ *thrift.TMemoryBuffer }

func (w wire) Write(data []byte) (int, error) {
	fmt.Printf("write %x\n", data)
	return w.TMemoryBuffer.Write(data)
}

func main() {
	trans, err := thrift.NewTZlibTransport(wire{thrift.NewTMemoryBuffer()}, 6)
	if err != nil {
		panic(err)
	}
	for i := 0; i < 2; i++ {
		trans.Write([]byte("a message"))
		trans.Flush(context.Background())
		fmt.Println("flush")
	}
}
GO
go version
dpkg-deb --field golang-thrift-dev_*.deb Package Version
GO111MODULE=off GOFLAGS= GOPATH="$work/gopath:$work/root/usr/share/gocode" GOCACHE="$work/cache" \
    go run probe > writes
cat writes

python3 - <<'PYTHON'
import zlib

flushes = [[]]
for line in open("writes"):
    if line == "flush\n":
        flushes.append([])
    else:
        flushes[-1].append(bytes.fromhex(line.split()[1]))
flushes.pop()

stream, ours = zlib.decompressobj(), zlib.compressobj(6)
for number, writes in enumerate(flushes, 1):
    before = stream.decompress(b"".join(writes[:-1]))
    behind = stream.decompress(writes[-1])
    print(f"flush {number}: {before!r} is read before the last write, {behind!r} from it")
    assert (before, behind) == (b"a message", b"")
    assert writes[-1] == b"\0\0\xff\xff"
    alone = ours.compress(b"a message") + ours.flush(zlib.Z_SYNC_FLUSH)
    assert alone.endswith(writes[-1]), alone
assert [len(writes) for writes in flushes] == [3, 2]
PYTHON
