include "shared.thrift"
include "deep/nested.thrift"
include "../include/shared.thrift"
struct Uses { 1: shared.Point point }
