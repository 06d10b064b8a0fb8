// The server of benches/serving.py in Go: Apache's TSimpleServer, which serves
// each connection in a goroutine.
package main

import (
	"context"
	"os"
	"serving"

	"github.com/apache/thrift/lib/go/thrift"
)

type handler struct{}

func (handler) Add(_ context.Context, a int32, b int32) (int32, error) {
	return a + b, nil
}

func (handler) Echo(_ context.Context, people []*serving.Person) ([]*serving.Person, error) {
	return people, nil
}

func main() {
	socket, err := thrift.NewTServerSocket(os.Args[1])
	if err != nil {
		panic(err)
	}
	configuration := &thrift.TConfiguration{}
	server := thrift.NewTSimpleServer4(
		serving.NewServingProcessor(handler{}),
		socket,
		thrift.NewTFramedTransportFactoryConf(thrift.NewTTransportFactory(), configuration),
		thrift.NewTBinaryProtocolFactoryConf(configuration),
	)
	if err := server.Serve(); err != nil {
		panic(err)
	}
}
