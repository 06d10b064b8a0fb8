// Everything that can be used of an include.
include "shared.thrift"

typedef shared.Point Thing
typedef list<shared.Status> Kinds
const i32 DOUBLE_LIMIT = shared.LIMIT
const shared.Status KIND = shared.Status.BAD
struct A {
  1: shared.Point item
  2: map<shared.Status, list<shared.Point>> items
  3: shared.Number number = 7
  4: i32 limit = shared.LIMIT
}
service B extends shared.Base {
  shared.Point get(1: shared.Status kind) throws (1: shared.Failed broken)
}
