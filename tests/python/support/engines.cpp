// Serves engines.thrift with Apache's C++ library, framed binary, at the port that it is given, to
// who names the service and to who does not.
#include <memory>
#include <stdexcept>

#include <thrift/processor/TMultiplexedProcessor.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TServerSocket.h>

#include "gen-cpp/Greeter.h"

using namespace apache::thrift;

class Handler : public GreeterIf {
public:
  void greet(std::string& answer, const std::string& name) override { answer = "C++: " + name; }
  void ping() override {}
  void run(std::string& answer, const int32_t) override { answer = "C++"; }
  void flags(std::vector<bool>& answer, const std::vector<bool>& value) override { answer = value; }
  void shown(std::string& answer, const double value) override {
    answer = std::to_string(value);
  }
  void fail() override { throw std::runtime_error("undeclared"); }
  void note(const int32_t) override {}
};

int main(int, char** arguments) {
  auto greeter = std::make_shared<GreeterProcessor>(std::make_shared<Handler>());
  auto processor = std::make_shared<TMultiplexedProcessor>();
  processor->registerProcessor("greeter", greeter);
  processor->registerDefault(greeter);
  auto socket = std::make_shared<transport::TServerSocket>("127.0.0.1", std::atoi(arguments[1]));
  server::TThreadedServer server(processor, socket,
                                 std::make_shared<transport::TFramedTransportFactory>(),
                                 std::make_shared<protocol::TBinaryProtocolFactory>());
  server.serve();
}
