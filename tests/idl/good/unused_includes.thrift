include "shared.thrift"
include "deep/nested.thrift"
include "../include/shared.thrift"
struct Uses { 1: shared.Point point }
// apache refuses: it takes a file included twice for two
// thriftpy2 refuses: it takes a file included twice for two of one name
