// The peer of Apache Thrift's C++ library.
//
//   peer serve PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS
//   peer call PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS CASES OUTCOMES

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <thread>
#include <vector>

#include <thrift/TApplicationException.h>
#include <thrift/processor/TMultiplexedProcessor.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/protocol/THeaderProtocol.h>
#include <thrift/protocol/TJSONProtocol.h>
#include <thrift/protocol/TMultiplexedProtocol.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/THttpClient.h>
#include <thrift/transport/THttpServer.h>
#include <thrift/transport/TSSLServerSocket.h>
#include <thrift/transport/TSSLSocket.h>
#include <thrift/transport/TServerSocket.h>
#include <thrift/transport/TSocket.h>
#include <thrift/transport/TZlibTransport.h>

// Of ids.thrift, where the compiler knows `uuid`.
#if __has_include("LaterIdPeer.h")
#define HAS_UUID
#include "LaterIdPeer.h"
#else
#include "LaterPeer.h"
#endif

using namespace apache::thrift;
using namespace apache::thrift::protocol;
using namespace apache::thrift::transport;
using namespace interop;
using std::make_shared;
using std::shared_ptr;
using std::string;

#ifdef HAS_UUID
using PeerOfAll = IdPeerIf;
using ProcessorOfAll = IdPeerProcessor;
using ClientOfAll = LaterIdPeerClient;
#else
using PeerOfAll = PeerIf;
using ProcessorOfAll = PeerProcessor;
using ClientOfAll = LaterPeerClient;
#endif

struct Dialect {
  string protocol, transport, socket, service, address;
};

string certificate(const char* name) {
  return string(std::getenv("INTEROP_CERTIFICATES")) + "/" + name;
}

shared_ptr<TProtocolFactory> protocol_factory(const Dialect& dialect) {
  if (dialect.transport == "header") return make_shared<THeaderProtocolFactory>();
  if (dialect.protocol == "binary") return make_shared<TBinaryProtocolFactory>();
  if (dialect.protocol == "compact") return make_shared<TCompactProtocolFactory>();
  return make_shared<TJSONProtocolFactory>();
}

shared_ptr<TTransportFactory> server_transport_factory(const string& transport) {
  if (transport == "buffered") return make_shared<TBufferedTransportFactory>();
  if (transport == "framed") return make_shared<TFramedTransportFactory>();
  if (transport == "http") return make_shared<THttpServerTransportFactory>();
  if (transport == "zlib") return make_shared<TZlibTransportFactory>();
  return make_shared<TTransportFactory>();
}

class Handler : public PeerOfAll {
 public:
  void nothing() override {}
  bool echoFlag(bool v) override { return v; }
  int8_t echoTiny(int8_t v) override { return v; }
  int16_t echoLittle(int16_t v) override { return v; }
  int32_t echoNumber(int32_t v) override { return v; }
  int64_t echoBig(int64_t v) override { return v; }
  double echoReal(double v) override { return v; }
  Color::type echoColor(Color::type v) override { return v; }
  void echoText(string& answer, const string& v) override { answer = v; }
  void echoData(string& answer, const string& v) override { answer = v; }
  void echoSmall(Small& answer, const Small& v) override { answer = v; }
  void echoEither(Either& answer, const Either& v) override { answer = v; }
  void echoDefaults(Defaults& answer, const Defaults& v) override { answer = v; }
  void echoRows(std::vector<std::vector<int32_t>>& answer,
                const std::vector<std::vector<int32_t>>& v) override {
    answer = v;
  }
  void echoTextSet(std::set<string>& answer, const std::set<string>& v) override { answer = v; }
  void echoGroups(std::map<string, std::vector<Small>>& answer,
                  const std::map<string, std::vector<Small>>& v) override {
    answer = v;
  }
  void echo(Everything& answer, const Everything& v) override { answer = v; }
  void evolve(Versioned& answer, const Versioned& v) override { answer = v; }
  int32_t declared(int32_t code, const string& reason) override {
    Declared error;
    error.code = error.small.number = code;
    error.reason = error.small.text = reason;
    throw error;
  }
  int32_t undeclared(const string& reason) override { throw std::runtime_error(reason); }
  void poke(int32_t v) override { last_poke_ = v; }
  int32_t poked() override { return last_poke_; }
#ifdef HAS_UUID
  void echoId(TUuid& answer, const TUuid& v) override { answer = v; }
  void echoIds(Ids& answer, const Ids& v) override { answer = v; }
#endif

 private:
  std::atomic<int32_t> last_poke_{0};
};

void serve(const Dialect& dialect) {
  shared_ptr<TProcessor> processor = make_shared<ProcessorOfAll>(make_shared<Handler>());
  if (dialect.service != "-") {
    auto several = make_shared<TMultiplexedProcessor>();
    several->registerProcessor(dialect.service, processor);
    processor = several;
  }
  shared_ptr<TServerTransport> listening;
  if (dialect.socket == "tls") {
    auto factory = make_shared<TSSLSocketFactory>();
    factory->server(true);
    factory->loadCertificate(certificate("server.pem").c_str());
    factory->loadPrivateKey(certificate("server.pem").c_str());
    listening = make_shared<TSSLServerSocket>("127.0.0.1", std::stoi(dialect.address), factory);
  } else if (dialect.socket == "unix") {
    listening = make_shared<TServerSocket>(dialect.address);
  } else {
    listening = make_shared<TServerSocket>("127.0.0.1", std::stoi(dialect.address));
  }
  server::TThreadedServer(processor, listening, server_transport_factory(dialect.transport),
                          protocol_factory(dialect))
      .serve();
}

struct Client {
  shared_ptr<TTransport> transport;
  shared_ptr<ClientOfAll> peer;

  explicit Client(const Dialect& dialect) {
    shared_ptr<TTransport> lowest;
    int port = dialect.socket == "unix" ? 0 : std::stoi(dialect.address);
    if (dialect.socket == "tls") {
      TSSLSocketFactory factory;
      factory.loadTrustedCertificates(certificate("ca.pem").c_str());
      factory.authenticate(true);
      lowest = factory.createSocket("127.0.0.1", port);
    } else if (dialect.socket == "unix") {
      lowest = make_shared<TSocket>(dialect.address);
    } else {
      lowest = make_shared<TSocket>("127.0.0.1", port);
    }
    if (dialect.transport == "http") {
      transport = make_shared<THttpClient>(lowest, "127.0.0.1", "/");
    } else {
      transport = server_transport_factory(dialect.transport)->getTransport(lowest);
    }
    shared_ptr<TProtocol> made;
    if (dialect.transport == "header") {
      auto header = make_shared<THeaderProtocol>(transport);
      header->setProtocolId(dialect.protocol == "compact" ? T_COMPACT_PROTOCOL : T_BINARY_PROTOCOL);
      made = header;
    } else {
      made = protocol_factory(dialect)->getProtocol(transport);
    }
    if (dialect.service != "-") made = make_shared<TMultiplexedProtocol>(made, dialect.service);
    peer = make_shared<ClientOfAll>(made);
    transport->open();
  }
};

int64_t many(const Dialect& dialect, const Case& c) {
  std::atomic<int64_t> sum{0};
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  for (int32_t i = 0; i < c.connections; ++i) {
    threads.emplace_back([&] {
      try {
        Client client(dialect);
        for (int32_t number = 1; number <= c.count; ++number) sum += client.peer->echoNumber(number);
        client.transport->close();
      } catch (const std::exception&) {
        failed = true;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (failed) throw std::runtime_error("a connection failed");
  return sum;
}

#ifdef HAS_UUID
// In `data` there are the bytes of a uuid, or Ids in binary.
string echo_id(ClientOfAll& peer, const string& data) {
  TUuid id, answer;
  std::copy(data.begin(), data.end(), id.begin());
  peer.echoId(answer, id);
  return string(answer.begin(), answer.end());
}

string echo_ids(ClientOfAll& peer, const string& data) {
  auto buffer = make_shared<TMemoryBuffer>();
  TBinaryProtocol binary(buffer);
  buffer->write(reinterpret_cast<const uint8_t*>(data.data()), data.size());
  Ids ids, answer;
  ids.read(&binary);
  peer.echoIds(answer, ids);
  buffer->resetBuffer();
  answer.write(&binary);
  return buffer->getBufferAsString();
}
#endif

void call(const Dialect& dialect, ClientOfAll& peer, const Case& c, Everything& answer) {
  const Everything& v = c.value;
  const std::map<string, std::function<void()>> methods = {
      {"nothing", [&] { peer.nothing(); }},
      {"echoFlag", [&] { answer.__set_flag(peer.echoFlag(v.flag)); }},
      {"echoTiny", [&] { answer.__set_tiny(peer.echoTiny(v.tiny)); }},
      {"echoLittle", [&] { answer.__set_little(peer.echoLittle(v.little)); }},
      {"echoNumber", [&] { answer.__set_number(peer.echoNumber(v.number)); }},
      {"echoBig", [&] { answer.__set_big(peer.echoBig(v.big)); }},
      {"echoReal", [&] { answer.__set_real(peer.echoReal(v.real)); }},
      {"echoColor", [&] { answer.__set_color(peer.echoColor(v.color)); }},
      {"echoText", [&] { peer.echoText(answer.text, v.text); answer.__isset.text = true; }},
      {"echoData", [&] { peer.echoData(answer.data, v.data); answer.__isset.data = true; }},
      {"echoSmall", [&] { peer.echoSmall(answer.small, v.small); answer.__isset.small = true; }},
      {"echoEither", [&] { peer.echoEither(answer.either, v.either); answer.__isset.either = true; }},
      {"echoDefaults",
       [&] { peer.echoDefaults(answer.defaults, v.defaults); answer.__isset.defaults = true; }},
      {"echoRows", [&] { peer.echoRows(answer.rows, v.rows); answer.__isset.rows = true; }},
      {"echoTextSet",
       [&] { peer.echoTextSet(answer.textSet, v.textSet); answer.__isset.textSet = true; }},
      {"echoGroups", [&] { peer.echoGroups(answer.groups, v.groups); answer.__isset.groups = true; }},
      {"echo", [&] { peer.echo(answer, v); }},
#ifdef HAS_UUID
      {"echoId", [&] { answer.__set_data(echo_id(peer, v.data)); }},
      {"echoIds", [&] { answer.__set_data(echo_ids(peer, v.data)); }},
#endif
      {"evolve", [&] { peer.evolve(answer.versioned, v.versioned); answer.__isset.versioned = true; }},
      {"declared", [&] { peer.declared(v.number, v.text); }},
      {"undeclared", [&] { peer.undeclared(v.text); }},
      {"unknown", [&] { peer.unknown(v.number); }},
      {"oneway", [&] { peer.poke(v.number); answer.__set_number(peer.poked()); }},
      {"many", [&] { answer.__set_big(many(dialect, c)); }},
      {"pipelined",
       [&] {
         for (int32_t number = 1; number <= c.count; ++number) peer.send_echoNumber(number);
         int64_t sum = 0;
         for (int32_t number = 1; number <= c.count; ++number) sum += peer.recv_echoNumber();
         answer.__set_big(sum);
       }},
  };
  methods.at(c.method)();
}

void call_all(const Dialect& dialect, const char* given, const char* written) {
  std::ifstream file(given, std::ios::binary);
  string bytes{std::istreambuf_iterator<char>(file), {}};
  auto buffer = make_shared<TMemoryBuffer>();
  buffer->write(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  TBinaryProtocol binary(buffer);
  Cases cases;
  cases.read(&binary);
  Outcomes outcomes;
  shared_ptr<Client> client;
  for (const Case& c : cases.cases) {
    Outcome outcome;
    outcome.name = c.name;
    outcome.kind = Kind::VALUE;
    try {
      if (!client) client = make_shared<Client>(dialect);
      call(dialect, *client->peer, c, outcome.value);
    } catch (const Declared& error) {
      outcome.kind = Kind::DECLARED;
      outcome.__set_declared(error);
    } catch (const TApplicationException& error) {
      outcome.kind = Kind::APPLICATION;
      outcome.type = error.getType();
      outcome.message = error.what();
    } catch (const std::exception& error) {
      outcome.kind = Kind::TRANSPORT;
      outcome.message = error.what();
      client.reset();
    }
    outcomes.outcomes.push_back(std::move(outcome));
  }
  buffer->resetBuffer();
  outcomes.write(&binary);
  std::ofstream(written, std::ios::binary) << buffer->getBufferAsString();
}

int main(int argc, char** argv) {
  Dialect dialect{argv[2], argv[3], argv[4], argv[5], argv[6]};
  if (argc == 7) {
    serve(dialect);
  } else {
    call_all(dialect, argv[7], argv[8]);
  }
}
