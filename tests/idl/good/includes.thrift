include "../include/shared.thrift"
include "../include/dotted.name.thrift";
include "deep/nested.thrift"
include "../include/shared.thrift"

const shared.Number NUMBER = shared.LIMIT
const shared.Status STATUS = shared.Status.BAD
const i32 AS_NUMBER = shared.Status.BAD
const shared.Status BARE = BAD
const shared.Point POINT = {"x": 1, "y": shared.LIMIT}
struct Uses {
  1: shared.Point point = shared.ORIGIN
  2: dotted.name.Inner inner
  3: list<nested.Deep> deep
  4: nested.shared.Point through
}
service Child extends shared.Base { shared.Point get() throws (1: shared.Failed failed) }
// apache refuses: it takes no separator after a header
// thriftpy2 refuses: it takes a file included twice for two of one name
