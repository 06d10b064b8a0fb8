// The peer of Apache Thrift's Go library.
//
//	peer serve PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS
//	peer call PROTOCOL TRANSPORT SOCKET SERVICE ADDRESS CASES OUTCOMES
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"interop"
)

var (
	ctx           = context.Background()
	configuration = &thrift.TConfiguration{MaxMessageSize: 1 << 28, MaxFrameSize: 1 << 28}
	certificates  = os.Getenv("INTEROP_CERTIFICATES")
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func protocolFactory(protocol, transport string) thrift.TProtocolFactory {
	if transport == "header" {
		header := *configuration
		id := thrift.THeaderProtocolBinary
		if protocol == "compact" {
			id = thrift.THeaderProtocolCompact
		}
		header.THeaderProtocolID = &id
		return thrift.NewTHeaderProtocolFactoryConf(&header)
	}
	switch protocol {
	case "binary":
		return thrift.NewTBinaryProtocolFactoryConf(configuration)
	case "compact":
		return thrift.NewTCompactProtocolFactoryConf(configuration)
	}
	return thrift.NewTJSONProtocolFactory()
}

func transportFactory(transport string) thrift.TTransportFactory {
	switch transport {
	case "buffered":
		return thrift.NewTBufferedTransportFactory(8192)
	case "framed":
		return thrift.NewTFramedTransportFactoryConf(thrift.NewTTransportFactory(), configuration)
	case "zlib":
		return thrift.NewTZlibTransportFactory(6)
	}
	return thrift.NewTTransportFactory() // HTTP, and what a header protocol wraps by itself
}

type handler struct {
	mutex    sync.Mutex
	lastPoke int32
}

func (*handler) Nothing(context.Context) error                                   { return nil }
func (*handler) EchoFlag(_ context.Context, v bool) (bool, error)                { return v, nil }
func (*handler) EchoTiny(_ context.Context, v int8) (int8, error)                { return v, nil }
func (*handler) EchoLittle(_ context.Context, v int16) (int16, error)            { return v, nil }
func (*handler) EchoNumber(_ context.Context, v int32) (int32, error)            { return v, nil }
func (*handler) EchoBig(_ context.Context, v int64) (int64, error)               { return v, nil }
func (*handler) EchoReal(_ context.Context, v float64) (float64, error)          { return v, nil }
func (*handler) EchoText(_ context.Context, v string) (string, error)            { return v, nil }
func (*handler) EchoData(_ context.Context, v []byte) ([]byte, error)            { return v, nil }
func (*handler) EchoTextSet(_ context.Context, v []string) ([]string, error)     { return v, nil }
func (*handler) EchoRows(_ context.Context, v [][]int32) ([][]int32, error)      { return v, nil }
func (*handler) Unknown(_ context.Context, v int32) (int32, error)               { return v, nil }
func (*handler) EchoColor(_ context.Context, v interop.Color) (interop.Color, error) { return v, nil }
func (*handler) EchoSmall(_ context.Context, v *interop.Small) (*interop.Small, error) {
	return v, nil
}
func (*handler) EchoEither(_ context.Context, v *interop.Either) (*interop.Either, error) {
	return v, nil
}
func (*handler) EchoDefaults(_ context.Context, v *interop.Defaults) (*interop.Defaults, error) {
	return v, nil
}
func (*handler) EchoGroups(_ context.Context, v map[string][]*interop.Small) (map[string][]*interop.Small, error) {
	return v, nil
}
func (*handler) Echo(_ context.Context, v *interop.Everything) (*interop.Everything, error) {
	return v, nil
}
func (*handler) Evolve(_ context.Context, v *interop.Versioned) (*interop.Versioned, error) {
	return v, nil
}

func (*handler) Declared(_ context.Context, code int32, reason string) (int32, error) {
	small := &interop.Small{Number: code, Text: reason}
	return 0, &interop.Declared{Code: code, Reason: reason, Small: small}
}

func (*handler) Undeclared(_ context.Context, reason string) (int32, error) {
	return 0, errors.New(reason)
}

func (h *handler) Poke(_ context.Context, v int32) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.lastPoke = v
	return nil
}

func (h *handler) Poked(context.Context) (int32, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.lastPoke, nil
}

func serve(protocol, transport, socket, service, address string) {
	var processor thrift.TProcessor = interop.NewPeerProcessor(&handler{})
	if service != "-" {
		several := thrift.NewTMultiplexedProcessor()
		several.RegisterProcessor(service, processor)
		processor = several
	}
	protocols := protocolFactory(protocol, transport)
	place := "127.0.0.1:" + address
	if transport == "http" {
		answer := thrift.NewThriftHandlerFunc(processor, protocols, protocols)
		if socket == "tls" {
			file := certificates + "/server.pem"
			check(http.ListenAndServeTLS(place, file, file, http.HandlerFunc(answer)))
		}
		check(http.ListenAndServe(place, http.HandlerFunc(answer)))
	}
	var listening thrift.TServerTransport
	var err error
	switch socket {
	case "tls":
		pair, unreadable := tls.LoadX509KeyPair(certificates+"/server.pem", certificates+"/server.pem")
		check(unreadable)
		listening, err = thrift.NewTSSLServerSocket(place, &tls.Config{Certificates: []tls.Certificate{pair}})
	case "unix":
		listening = thrift.NewTServerSocketFromAddrTimeout(&net.UnixAddr{Name: address, Net: "unix"}, 0)
	default:
		listening, err = thrift.NewTServerSocket(place)
	}
	check(err)
	check(thrift.NewTSimpleServer4(processor, listening, transportFactory(transport), protocols).Serve())
}

func connect(protocol, transport, socket, service, address string) (*interop.LaterPeerClient, thrift.TTransport, error) {
	var lowest thrift.TTransport
	var err error
	configuration.SocketTimeout = 2 * time.Minute
	place := "127.0.0.1:" + address
	if socket == "tls" {
		authorities := x509.NewCertPool()
		pem, unreadable := os.ReadFile(certificates + "/ca.pem")
		check(unreadable)
		authorities.AppendCertsFromPEM(pem)
		configuration.TLSConfig = &tls.Config{RootCAs: authorities}
	}
	switch {
	case transport == "http" && socket == "tls":
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: configuration.TLSConfig}}
		options := thrift.THttpClientOptions{Client: client}
		lowest, err = thrift.NewTHttpClientWithOptions("https://"+place+"/", options)
	case transport == "http":
		lowest, err = thrift.NewTHttpClient("http://" + place + "/")
	case socket == "tls":
		lowest = thrift.NewTSSLSocketConf(place, configuration)
	case socket == "unix":
		lowest = thrift.NewTSocketFromAddrConf(&net.UnixAddr{Name: address, Net: "unix"}, configuration)
	default:
		lowest = thrift.NewTSocketConf(place, configuration)
	}
	check(err)
	wrapped, err := transportFactory(transport).GetTransport(lowest)
	check(err)
	factory := protocolFactory(protocol, transport)
	in, out := factory.GetProtocol(wrapped), factory.GetProtocol(wrapped)
	if transport == "header" {
		out = in
	}
	if service != "-" {
		out = thrift.NewTMultiplexedProtocol(out, service)
	}
	return interop.NewLaterPeerClient(thrift.NewTStandardClient(in, out)), wrapped, wrapped.Open()
}

func many(c *interop.Case, dialect []string) (sum int64, failure error) {
	var mutex sync.Mutex
	var group sync.WaitGroup
	for i := int32(0); i < c.Connections; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			client, transport, err := connect(dialect[0], dialect[1], dialect[2], dialect[3], dialect[4])
			own := int64(0)
			for number := int32(1); number <= c.Count && err == nil; number++ {
				var answer int32
				answer, err = client.EchoNumber(ctx, number)
				own += int64(answer)
			}
			transport.Close()
			mutex.Lock()
			defer mutex.Unlock()
			sum += own
			if err != nil {
				failure = err
			}
		}()
	}
	group.Wait()
	return
}

func call(client *interop.LaterPeerClient, c *interop.Case, answer *interop.Everything, dialect []string) (err error) {
	v := c.Value
	switch c.Method {
	case "nothing":
		err = client.Nothing(ctx)
	case "echoFlag":
		var r bool
		r, err = client.EchoFlag(ctx, *v.Flag)
		answer.Flag = &r
	case "echoTiny":
		var r int8
		r, err = client.EchoTiny(ctx, *v.Tiny)
		answer.Tiny = &r
	case "echoLittle":
		var r int16
		r, err = client.EchoLittle(ctx, *v.Little)
		answer.Little = &r
	case "echoNumber":
		var r int32
		r, err = client.EchoNumber(ctx, *v.Number)
		answer.Number = &r
	case "echoBig":
		var r int64
		r, err = client.EchoBig(ctx, *v.Big)
		answer.Big = &r
	case "echoReal":
		var r float64
		r, err = client.EchoReal(ctx, *v.Real)
		answer.Real = &r
	case "echoText":
		var r string
		r, err = client.EchoText(ctx, *v.Text)
		answer.Text = &r
	case "echoColor":
		var r interop.Color
		r, err = client.EchoColor(ctx, *v.Color)
		answer.Color = &r
	case "echoData":
		answer.Data, err = client.EchoData(ctx, v.Data)
	case "echoSmall":
		answer.Small, err = client.EchoSmall(ctx, v.Small)
	case "echoEither":
		answer.Either, err = client.EchoEither(ctx, v.Either)
	case "echoDefaults":
		answer.Defaults, err = client.EchoDefaults(ctx, v.Defaults)
	case "echoRows":
		answer.Rows, err = client.EchoRows(ctx, v.Rows)
	case "echoTextSet":
		answer.TextSet, err = client.EchoTextSet(ctx, v.TextSet)
	case "echoGroups":
		answer.Groups, err = client.EchoGroups(ctx, v.Groups)
	case "evolve":
		answer.Versioned, err = client.Evolve(ctx, v.Versioned)
	case "echo":
		var r *interop.Everything
		if r, err = client.Echo(ctx, v); err == nil {
			*answer = *r
		}
	case "declared":
		_, err = client.Declared(ctx, *v.Number, *v.Text)
	case "undeclared":
		_, err = client.Undeclared(ctx, *v.Text)
	case "unknown":
		_, err = client.Unknown(ctx, *v.Number)
	case "oneway":
		var r int32
		if err = client.Poke(ctx, *v.Number); err == nil {
			r, err = client.Poked(ctx)
		}
		answer.Number = &r
	case "many":
		var r int64
		r, err = many(c, dialect)
		answer.Big = &r
	default:
		err = fmt.Errorf("there is no method %s", c.Method)
	}
	return
}

func main() {
	arguments := os.Args[2:]
	if os.Args[1] == "serve" {
		serve(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4])
	}
	buffer := thrift.NewTMemoryBuffer()
	file, err := os.ReadFile(arguments[5])
	check(err)
	buffer.Write(file)
	cases, outcomes := interop.NewCases(), interop.NewOutcomes()
	check(cases.Read(ctx, thrift.NewTBinaryProtocolConf(buffer, configuration)))
	var client *interop.LaterPeerClient
	var transport thrift.TTransport
	for _, c := range cases.Cases {
		outcome := interop.NewOutcome()
		outcome.Name, outcome.Kind, outcome.Value = c.Name, interop.Kind_VALUE, interop.NewEverything()
		if client == nil {
			client, transport, err = connect(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4])
		}
		if err == nil {
			err = call(client, c, outcome.Value, arguments)
		}
		var declared *interop.Declared
		var application thrift.TApplicationException
		switch {
		case errors.As(err, &declared):
			outcome.Kind, outcome.Declared = interop.Kind_DECLARED, declared
		case errors.As(err, &application):
			outcome.Kind, outcome.Message = interop.Kind_APPLICATION, err.Error()
			outcome.Type = application.TypeId()
		case err != nil:
			outcome.Kind, outcome.Message = interop.Kind_TRANSPORT, err.Error()
			transport.Close()
			client = nil
		}
		err = nil
		outcomes.Outcomes = append(outcomes.Outcomes, outcome)
	}
	buffer.Reset()
	check(outcomes.Write(ctx, thrift.NewTBinaryProtocolConf(buffer, configuration)))
	check(os.WriteFile(arguments[6], buffer.Bytes(), 0o600))
}
