// The peer of npm's library.
//
//   peer.js serve PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS
//   peer.js call PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS CASES OUTCOMES
"use strict";

const fs = require("fs");
const http = require("http");
const thrift = require("thrift");
const Peer = require("./Peer");
const LaterPeer = require("./LaterPeer");
const types = require("./peer_types");

const certificate = (name) => fs.readFileSync(`${process.env.INTEROP_CERTIFICATES}/${name}`);
const [, , verb, protocol, transport, socket, service, address, given, written] = process.argv;
const options = {
  protocol: {
    binary: thrift.TBinaryProtocol,
    compact: thrift.TCompactProtocol,
    json: thrift.TJSONProtocol,
  }[protocol],
  transport: transport === "framed" ? thrift.TFramedTransport : thrift.TBufferedTransport,
};
if (transport === "header") {
  options.protocol = thrift.THeaderProtocol;
  delete options.transport;
}

let lastPoke = 0;
const methods = {
  nothing() {},
  declared(code, reason) {
    throw new types.Declared({ code, reason, small: new types.Small({ number: code, text: reason }) });
  },
  undeclared(reason) {
    throw new Error(reason);
  },
  poke(v) {
    lastPoke = v;
  },
  poked() {
    return lastPoke;
  },
  evolve(v) {
    return v;
  },
};
for (const type of "Flag Tiny Little Number Big Real Text Data Color Small Either Defaults Rows TextSet Groups".split(" ")) {
  methods[`echo${type}`] = (v) => v;
}
methods.echo = methods.evolve;

// A handler with promises has as many arguments as its method.
function withPromise(method) {
  return [async () => method(), async (a) => method(a), async (a, b) => method(a, b)][method.length];
}

// That with a callback has one more. A server of THeader answers with its header only to what is
// answered at once.
function withCallback(method) {
  const answer = (values, respond) => {
    let value;
    try {
      value = method(...values);
    } catch (error) {
      respond(error);
      return;
    }
    respond?.(null, value); // of a oneway method there is none
  };
  return [
    (respond) => answer([], respond),
    (a, respond) => answer([a], respond),
    (a, b, respond) => answer([a, b], respond),
  ][method.length];
}

function serve() {
  let server;
  const style = transport === "header" ? withCallback : withPromise;
  const handler = Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, style(method)]));
  if (socket === "tls") options.tls = { key: certificate("server.pem"), cert: certificate("server.pem") };
  const several = new thrift.MultiplexedProcessor();
  if (service !== "-") several.registerProcessor(service, new Peer.Processor(handler));
  if (transport === "http") {
    const served = service !== "-" ? { processor: several } : { processor: Peer, handler };
    server = thrift.createWebServer({ tls: options.tls, services: { "/": { ...options, ...served } } });
  } else if (service !== "-") {
    server = thrift.createMultiplexServer(several, options);
  } else {
    server = thrift.createServer(Peer, handler, options);
  }
  server.on("error", (error) => console.error(error));
  if (socket === "unix") server.listen(address);
  else server.listen(Number(address), "127.0.0.1");
}

// A client, whose calls fail with the connection: by itself the library leaves them unanswered.
function connect() {
  const port = Number(address);
  const https = socket === "tls";
  const Agent = (https ? require("https") : http).Agent;
  const ca = https ? certificate("ca.pem") : undefined;
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca }); // one request after the other
  const connection =
    transport === "http"
      ? thrift.createHttpConnection("127.0.0.1", port, { ...options, https, path: "/", nodeOptions: { agent } })
      : https
        ? thrift.createSSLConnection("127.0.0.1", port, { ...options, ca })
        : socket === "unix"
          ? thrift.createUDSConnection(address, options)
          : thrift.createConnection("127.0.0.1", port, options);
  const peer =
    service === "-"
      ? thrift.createClient(LaterPeer, connection)
      : new thrift.Multiplexer().createClient(service, LaterPeer, connection);
  const failure = new Promise((_, reject) => {
    connection.on("error", reject);
    connection.on("close", () => reject(new Error("the connection was closed")));
  });
  failure.catch(() => {});
  return {
    call: (method, ...values) => Promise.race([peer[method](...values), failure]),
    close: () => connection.end?.(),
  };
}

const numbers = (count) => Array.from({ length: count }, (_, index) => index + 1);
const sum = (values) => values.reduce((all, each) => all + each, 0);

async function many({ count, connections }) {
  const sums = await Promise.all(
    numbers(connections).map(async () => {
      const client = connect();
      let own = 0;
      for (const number of numbers(count)) own += await client.call("echoNumber", number);
      client.close();
      return own;
    }),
  );
  return sum(sums);
}

async function call(client, { method, value: v, count, connections }, answer) {
  if (method === "echo") return client.call("echo", v);
  if (method.startsWith("echo")) {
    const field = method[4].toLowerCase() + method.slice(5);
    answer[field] = await client.call(method, v[field]);
  } else if (method === "nothing") await client.call("nothing");
  else if (method === "evolve") answer.versioned = await client.call("evolve", v.versioned);
  else if (method === "declared") await client.call("declared", v.number, v.text);
  else if (method === "undeclared") await client.call("undeclared", v.text);
  else if (method === "unknown") await client.call("unknown", v.number);
  else if (method === "many") answer.big = new thrift.Int64(await many({ count, connections }));
  else if (method === "pipelined") {
    const answers = numbers(count).map((number) => client.call("echoNumber", number));
    answer.big = new thrift.Int64(sum(await Promise.all(answers)));
  } else if (method === "oneway") {
    client.call("poke", v.number).catch(() => {});
    answer.number = await client.call("poked");
  } else throw new Error(`there is no method ${method}`);
  return answer;
}

async function callAll() {
  const cases = new types.Cases();
  cases.read(new thrift.TBinaryProtocol(new thrift.TFramedTransport(fs.readFileSync(given))));
  const outcomes = [];
  let client = null;
  for (const each of cases.cases) {
    const outcome = new types.Outcome({ name: each.name, kind: types.Kind.VALUE });
    try {
      client = client || connect();
      outcome.value = await call(client, each, new types.Everything());
    } catch (error) {
      outcome.value = new types.Everything();
      outcome.message = String(error.message);
      if (error instanceof types.Declared) {
        outcome.kind = types.Kind.DECLARED;
        outcome.declared = error;
      } else if (error instanceof thrift.Thrift.TApplicationException) {
        outcome.kind = types.Kind.APPLICATION;
        outcome.type = error.type;
        // Where a server cannot read a call it closes the connection.
        if (error.type === thrift.Thrift.TApplicationExceptionType.PROTOCOL_ERROR) client = null;
      } else {
        outcome.kind = types.Kind.TRANSPORT;
        client = null;
      }
    }
    outcomes.push(outcome);
  }
  const save = (bytes) => fs.writeFileSync(written, bytes);
  const output = new thrift.TBinaryProtocol(new thrift.TBufferedTransport(undefined, save));
  new types.Outcomes({ outcomes }).write(output);
  output.flush();
  process.exit(0);
}

if (verb === "serve") serve();
else callAll();
