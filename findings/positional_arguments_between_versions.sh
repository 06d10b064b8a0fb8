#!/bin/sh
# thriftpy2 0.6.0 and 0.7.1: which argument of a call is meant by its position. Where the ids of a
# method's arguments do not rise, 0.6.0 counts them in the order of their ids, 0.7.1 in that of the
# file, in clients and in handlers alike.
#
# Bytes carry ids, so that each version agrees with itself, and a client of one with a server of the
# other calls without an error, with two values of one type changed for each other: who upgrades one
# side alone has them swapped. Needs python3 with venv.
set -eu

work=$(mktemp -d)
servers=
trap 'kill $servers; rm -rf "$work"' EXIT
cd "$work"

for version in 0.6.0 0.7.1; do
    python3 -m venv "$version"
    "$version/bin/pip" --quiet --disable-pip-version-check install "thriftpy2==$version"
done

cat > bank.thrift <<'IDL'
service Bank { string move(1: string amount, 3: string giver, 2: string taker) }
IDL

cat > serve.py <<'PYTHON'
import sys

import thriftpy2
from thriftpy2.rpc import make_server


class Handler:
    def move(self, amount, giver, taker):
        return f"{amount} from {giver} to {taker}"


bank = thriftpy2.load("bank.thrift", module_name="bank_thrift")
make_server(bank.Bank, Handler(), unix_socket=sys.argv[1]).serve()
PYTHON

cat > call.py <<'PYTHON'
import sys
import time

import thriftpy2
from thriftpy2.rpc import make_client

bank = thriftpy2.load("bank.thrift", module_name="bank_thrift")
for _ in range(100):
    try:
        client = make_client(bank.Bank, unix_socket=sys.argv[1])
        break
    except Exception:
        time.sleep(0.1)
print(thriftpy2.__version__, "client,", sys.argv[1], "server:", client.move("5", "Ann", "Bob"))
PYTHON

for server in 0.6.0 0.7.1; do
    "$server/bin/python" serve.py "to-$server" >/dev/null 2>&1 &
    servers="$servers $!"
    for client in 0.6.0 0.7.1; do
        "$client/bin/python" call.py "to-$server" >>output
    done
done
cat output

test "$(grep -c 'from Ann to Bob' output)" = 2
grep -q '^0.7.1 client, to-0.6.0 server: 5 from Bob to Ann$' output
grep -q '^0.6.0 client, to-0.7.1 server: 5 from Bob to Ann$' output
