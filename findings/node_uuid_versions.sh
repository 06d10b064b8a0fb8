#!/bin/sh
# npm's thrift 0.24.0: TBinaryProtocol and TCompactProtocol neither write nor read a uuid whose version
# is none of RFC 9562, although it is 16 bytes like any other. Apache's library for Python takes it, and
# so does npm's own TJSONProtocol. So a message with such a value, from random bytes or a hash, cannot be
# read at all.
#
# Needs node and npm.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund thrift@0.24.0 >/dev/null

cat > run.js <<'JS'
const thrift = require("thrift");
const ids = { versioned: "01234567-89ab-4cde-8edc-ba9876543210", other: "01234567-89ab-cdef-fedc-ba9876543210" };

function outcome(Protocol, action) {
  try {
    return action(Protocol);
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

function reads(Protocol, id) {
  // As 16 bytes, which are the same in both protocols.
  const bytes = Buffer.from(id.replace(/-/g, ""), "hex");
  return outcome(Protocol, () => new Protocol(new thrift.TFramedTransport(bytes)).readUuid());
}

function writes(Protocol, id) {
  return outcome(Protocol, () => {
    let written;
    const protocol = new Protocol(new thrift.TBufferedTransport(undefined, (bytes) => (written = bytes)));
    protocol.writeUuid(id);
    protocol.flush();
    return written.toString("hex");
  });
}

console.log("thrift", require("thrift/package.json").version);
let same = true;
for (const name of ["TBinaryProtocol", "TCompactProtocol"]) {
  for (const [kind, id] of Object.entries(ids)) {
    const found = [reads(thrift[name], id), writes(thrift[name], id)];
    console.log(name, kind, "| reads:", found[0], "| writes:", found[1]);
    const works = found[0] === id && found[1] === id.replace(/-/g, "");
    same = same && works === (kind === "versioned");
  }
}
process.exit(same ? 0 : 1);
JS
node --no-deprecation run.js
