include "../shared.thrift"
struct Deep { 1: shared.Point point }
