"""uuid in every protocol, with the protocol objects of Apache's libraries for Python and for Node:
the compiler that generates code for these peers does not know the type. In the matrix it is tried
with those of a newer one."""

from __future__ import annotations

import io
import json
import subprocess
import uuid
from typing import Any

import fastthrift
import pytest
from fastthrift.protocol import TBinaryProtocol, TCompactProtocol
from fastthrift.protocol.apache_json import TApacheJSONProtocol
from fastthrift.thrift import TMessageType
from fastthrift.transport import TMemoryBuffer
from thrift.protocol import TBinaryProtocol as apache_binary
from thrift.protocol import TCompactProtocol as apache_compact
from thrift.protocol import TJSONProtocol as apache_json
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer as ApacheMemory

from interop.peers import PEERS, PROGRAMS

Ids = fastthrift.load_fp(
    io.StringIO("struct Ids { 1: uuid one, 2: list<uuid> many, 3: map<uuid, i32> by_id }"),
    "interop_uuid_thrift",
).Ids
# Of a version that RFC 9562 knows: Node reads no others but in JSON.
ID = uuid.UUID("01234567-89ab-4cde-8edc-ba9876543210")
IDS = Ids(one=ID, many=[ID, uuid.UUID(int=0)], by_id={ID: 7})
OURS: dict[str, Any] = {
    "binary": TBinaryProtocol,
    "compact": TCompactProtocol,
    "json": TApacheJSONProtocol,
}
APACHE: dict[str, Any] = {
    "binary": apache_binary.TBinaryProtocol,
    "compact": apache_compact.TCompactProtocol,
    "json": apache_json.TJSONProtocol,
}


def written(protocol: str) -> bytes:
    """As the message of a call."""
    trans = TMemoryBuffer()
    proto = OURS[protocol](trans)
    proto.write_message_begin("ids", TMessageType.CALL, 1)
    IDS.write(proto)
    proto.write_message_end()
    return trans.getvalue()


def read(protocol: str, data: bytes) -> Any:
    proto = OURS[protocol](TMemoryBuffer(data))
    assert proto.read_message_begin() == ("ids", TMessageType.CALL, 1)
    found = proto.read_struct(Ids())
    proto.read_message_end()
    return found


@pytest.mark.parametrize("protocol", OURS)
def test_apache_for_python_reads_and_writes_the_same_uuids(protocol: str) -> None:
    proto = APACHE[protocol](ApacheMemory(written(protocol)))
    proto.readMessageBegin()
    proto.readStructBegin()
    assert proto.readFieldBegin()[1:] == (TType.UUID, 1)
    assert proto.readUuid() == ID
    proto.readFieldEnd()
    assert proto.readFieldBegin()[1:] == (TType.LIST, 2)
    assert proto.readListBegin() == (TType.UUID, 2)
    assert [proto.readUuid(), proto.readUuid()] == IDS.many
    proto.readListEnd()
    proto.readFieldEnd()
    assert proto.readFieldBegin()[1:] == (TType.MAP, 3)
    assert proto.readMapBegin() == (TType.UUID, TType.I32, 1)
    assert (proto.readUuid(), proto.readI32()) == (ID, 7)

    memory = ApacheMemory()
    proto = APACHE[protocol](memory)
    proto.writeMessageBegin("ids", TMessageType.CALL, 1)
    proto.writeStructBegin("Ids")
    proto.writeFieldBegin("one", TType.UUID, 1)
    proto.writeUuid(ID)
    proto.writeFieldEnd()
    proto.writeFieldBegin("many", TType.LIST, 2)
    proto.writeListBegin(TType.UUID, 2)
    for each in IDS.many:
        proto.writeUuid(each)
    proto.writeListEnd()
    proto.writeFieldEnd()
    proto.writeFieldBegin("by_id", TType.MAP, 3)
    proto.writeMapBegin(TType.UUID, TType.I32, 1)
    proto.writeUuid(ID)
    proto.writeI32(7)
    proto.writeMapEnd()
    proto.writeFieldEnd()
    proto.writeFieldStop()
    proto.writeStructEnd()
    proto.writeMessageEnd()
    assert read(protocol, memory.getvalue()) == IDS


@pytest.mark.needs_peer("node")
@pytest.mark.parametrize("protocol", OURS)
def test_node_reads_and_writes_the_same_uuids(protocol: str) -> None:
    folder = PEERS["node"].built()
    done = subprocess.run(
        ["node", "--no-deprecation", str(PROGRAMS / "uuid.js"), protocol, written(protocol).hex()],
        env={"NODE_PATH": str(folder / "node_modules"), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, data = done.stdout.splitlines()
    assert json.loads(found) == [str(ID), [str(each) for each in IDS.many], [[str(ID), 7]]]
    assert read(protocol, bytes.fromhex(data)) == IDS
