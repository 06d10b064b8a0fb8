import interop.*;
import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.thrift.TApplicationException;
import org.apache.thrift.TConfiguration;
import org.apache.thrift.TException;
import org.apache.thrift.TMultiplexedProcessor;
import org.apache.thrift.TProcessor;
import org.apache.thrift.protocol.*;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.transport.*;
import org.apache.thrift.transport.layered.TFramedTransport;

/**
 * The peer of Apache Thrift's Java library.
 *
 * <pre>
 * Main serve PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS
 * Main call PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS CASES OUTCOMES
 * </pre>
 */
public class Main {
  static final int MOST = 1 << 28;
  static String protocol, transport, socket, service, address;

  static TProtocolFactory protocolFactory() {
    switch (protocol) {
      case "binary": return new TBinaryProtocol.Factory();
      case "compact": return new TCompactProtocol.Factory();
      default: return new TJSONProtocol.Factory();
    }
  }

  static TTransportFactory transportFactory() {
    return transport.equals("framed") ? new TFramedTransport.Factory(MOST) : new TTransportFactory();
  }

  static class Handler implements Peer.Iface {
    volatile int lastPoke;

    public void nothing() {}
    public boolean echoFlag(boolean v) { return v; }
    public byte echoTiny(byte v) { return v; }
    public short echoLittle(short v) { return v; }
    public int echoNumber(int v) { return v; }
    public long echoBig(long v) { return v; }
    public double echoReal(double v) { return v; }
    public String echoText(String v) { return v; }
    public ByteBuffer echoData(ByteBuffer v) { return v; }
    public Color echoColor(Color v) { return v; }
    public Small echoSmall(Small v) { return v; }
    public Either echoEither(Either v) { return v; }
    public Defaults echoDefaults(Defaults v) { return v; }
    public List<List<Integer>> echoRows(List<List<Integer>> v) { return v; }
    public Set<String> echoTextSet(Set<String> v) { return v; }
    public Map<String, List<Small>> echoGroups(Map<String, List<Small>> v) { return v; }
    public Everything echo(Everything v) { return v; }
    public Versioned evolve(Versioned v) { return v; }
    public int declared(int code, String reason) throws Declared {
      throw new Declared(code, reason, new Small(code, reason));
    }
    public int undeclared(String reason) { throw new IllegalStateException(reason); }
    public void poke(int v) { lastPoke = v; }
    public int poked() { return lastPoke; }
  }

  static void serve() throws Exception {
    TProcessor processor = new Peer.Processor<>(new Handler());
    if (!service.equals("-")) {
      TMultiplexedProcessor several = new TMultiplexedProcessor();
      several.registerProcessor(service, processor);
      processor = several;
    }
    TServerTransport listening =
        new TServerSocket(new InetSocketAddress("127.0.0.1", Integer.parseInt(address)));
    new TThreadPoolServer(
            new TThreadPoolServer.Args(listening)
                .processor(processor)
                .transportFactory(transportFactory())
                .protocolFactory(protocolFactory()))
        .serve();
  }

  static SSLContext trusting(String authority) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (FileInputStream file = new FileInputStream(authority)) {
      store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  static class Client implements AutoCloseable {
    final TTransport opened;
    final LaterPeer.Client peer;

    Client() throws Exception {
      int port = Integer.parseInt(address);
      if (transport.equals("http") && socket.equals("tls")) {
        String authority = System.getenv("INTEROP_CERTIFICATES") + "/ca.pem";
        HttpsURLConnection.setDefaultSSLSocketFactory(trusting(authority).getSocketFactory());
        opened = new THttpClient("https://127.0.0.1:" + port + "/");
      } else if (transport.equals("http")) {
        opened = new THttpClient("http://127.0.0.1:" + port + "/");
      } else if (socket.equals("tls")) {
        String authority = System.getenv("INTEROP_CERTIFICATES") + "/ca.pem";
        opened =
            transportFactory()
                .getTransport(
                    new TSocket(
                        trusting(authority)
                            .getSocketFactory()
                            .createSocket(InetAddress.getByName("127.0.0.1"), port)));
      } else {
        TConfiguration most = new TConfiguration(MOST, MOST, 64);
        opened = transportFactory().getTransport(new TSocket(most, "127.0.0.1", port));
      }
      if (!opened.isOpen()) opened.open();
      TProtocol made = protocolFactory().getProtocol(opened);
      peer =
          new LaterPeer.Client(
              service.equals("-") ? made : new TMultiplexedProtocol(made, service));
    }

    public void close() { opened.close(); }
  }

  static long many(Case c) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(c.connections);
    Callable<Long> calls =
        () -> {
          try (Client client = new Client()) {
            long sum = 0;
            for (int number = 1; number <= c.count; number++) sum += client.peer.echoNumber(number);
            return sum;
          }
        };
    List<Future<Long>> sums = new ArrayList<>();
    for (int i = 0; i < c.connections; i++) sums.add(pool.submit(calls));
    long all = 0;
    for (Future<Long> sum : sums) all += sum.get();
    pool.shutdown();
    return all;
  }

  static Everything call(LaterPeer.Client peer, Case c, Everything answer) throws Exception {
    Everything v = c.value;
    switch (c.method) {
      case "nothing": peer.nothing(); return answer;
      case "echo": return peer.echo(v);
      case "echoFlag": return answer.setFlag(peer.echoFlag(v.flag));
      case "echoTiny": return answer.setTiny(peer.echoTiny(v.tiny));
      case "echoLittle": return answer.setLittle(peer.echoLittle(v.little));
      case "echoNumber": return answer.setNumber(peer.echoNumber(v.number));
      case "echoBig": return answer.setBig(peer.echoBig(v.big));
      case "echoReal": return answer.setReal(peer.echoReal(v.real));
      case "echoText": return answer.setText(peer.echoText(v.text));
      case "echoData": return answer.setData(peer.echoData(v.data));
      case "echoColor": return answer.setColor(peer.echoColor(v.color));
      case "echoSmall": return answer.setSmall(peer.echoSmall(v.small));
      case "echoEither": return answer.setEither(peer.echoEither(v.either));
      case "echoDefaults": return answer.setDefaults(peer.echoDefaults(v.defaults));
      case "echoRows": return answer.setRows(peer.echoRows(v.rows));
      case "echoTextSet": return answer.setTextSet(peer.echoTextSet(v.textSet));
      case "echoGroups": return answer.setGroups(peer.echoGroups(v.groups));
      case "evolve": return answer.setVersioned(peer.evolve(v.versioned));
      case "declared": return answer.setNumber(peer.declared(v.number, v.text));
      case "undeclared": return answer.setNumber(peer.undeclared(v.text));
      case "unknown": return answer.setNumber(peer.unknown(v.number));
      case "many": return answer.setBig(many(c));
      case "oneway":
        peer.poke(v.number);
        return answer.setNumber(peer.poked());
      case "pipelined":
        for (int number = 1; number <= c.count; number++) peer.send_echoNumber(number);
        long sum = 0;
        for (int number = 1; number <= c.count; number++) sum += peer.recv_echoNumber();
        return answer.setBig(sum);
      default: throw new IllegalArgumentException(c.method);
    }
  }

  static void callAll(String given, String written) throws Exception {
    TConfiguration most = new TConfiguration(MOST, MOST, 64);
    Cases cases = new Cases();
    byte[] file = Files.readAllBytes(Path.of(given));
    TMemoryBuffer input = new TMemoryBuffer(most, file.length);
    input.write(file);
    cases.read(new TBinaryProtocol(input));
    List<Outcome> outcomes = new ArrayList<>();
    Client client = null;
    for (Case c : cases.cases) {
      Outcome outcome = new Outcome();
      outcome.setName(c.name).setKind(Kind.VALUE).setValue(new Everything());
      try {
        if (client == null) client = new Client();
        outcome.setValue(call(client.peer, c, new Everything()));
      } catch (Declared error) {
        outcome.setKind(Kind.DECLARED).setDeclared(error);
      } catch (TApplicationException error) {
        outcome.setKind(Kind.APPLICATION).setType(error.getType()).setMessage(error.toString());
      } catch (Exception error) {
        outcome.setKind(Kind.TRANSPORT).setMessage(error.toString());
        if (client != null) client.close();
        client = null;
      }
      outcomes.add(outcome);
    }
    TMemoryBuffer output = new TMemoryBuffer(most, 1 << 16);
    new Outcomes(outcomes).write(new TBinaryProtocol(output));
    Files.write(Path.of(written), java.util.Arrays.copyOf(output.getArray(), output.length()));
    System.exit(0);
  }

  public static void main(String[] arguments) throws Exception {
    protocol = arguments[1];
    transport = arguments[2];
    socket = arguments[3];
    service = arguments[4];
    address = arguments[5];
    if (arguments[0].equals("serve")) serve();
    else callAll(arguments[6], arguments[7]);
  }
}
