// A struct with uuids by the protocol objects of npm's library, for its compiler knows none:
//
//   uuid.js PROTOCOL HEX
//
// reads {1: uuid, 2: list<uuid>, 3: map<uuid, i32>} and prints what it found, and its own bytes.
"use strict";

const thrift = require("thrift");

const { UUID, LIST, MAP, I32 } = thrift.Thrift.Type;
const [, , protocol, hex] = process.argv;
const Protocol = {
  binary: thrift.TBinaryProtocol,
  compact: thrift.TCompactProtocol,
  json: thrift.TJSONProtocol,
}[protocol];

// Its JSON reads messages only, so that all of them are in one.
const input = new Protocol(new thrift.TFramedTransport(Buffer.from(hex, "hex")));
input.readMessageBegin();
input.readStructBegin();
input.readFieldBegin();
const one = input.readUuid();
input.readFieldEnd();
input.readFieldBegin();
const many = Array.from({ length: input.readListBegin().size }, () => input.readUuid());
input.readListEnd();
input.readFieldEnd();
input.readFieldBegin();
const byId = Array.from({ length: input.readMapBegin().size }, () => [input.readUuid(), input.readI32()]);
console.log(JSON.stringify([one, many, byId]));

const show = (bytes) => console.log(bytes.toString("hex"));
const output = new Protocol(new thrift.TBufferedTransport(undefined, show));
output.writeMessageBegin("ids", 1, 1);
output.writeStructBegin("Ids");
output.writeFieldBegin("one", UUID, 1);
output.writeUuid(one);
output.writeFieldEnd();
output.writeFieldBegin("many", LIST, 2);
output.writeListBegin(UUID, many.length);
many.forEach((each) => output.writeUuid(each));
output.writeListEnd();
output.writeFieldEnd();
output.writeFieldBegin("byId", MAP, 3);
output.writeMapBegin(UUID, I32, byId.length);
for (const [key, value] of byId) {
  output.writeUuid(key);
  output.writeI32(value);
}
output.writeMapEnd();
output.writeFieldEnd();
output.writeFieldStop();
output.writeStructEnd();
output.writeMessageEnd();
output.flush();
