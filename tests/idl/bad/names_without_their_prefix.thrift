// Names of an included file without its prefix, and nearly so.
include "shared.thrift"
struct A { 1: Point p, 2: Ponit q, 3: list<Status> s }
service B extends Base { Point f(1: Point p) }
const i32 LIMIT_1 = LIMIT
const shared.Point P = ORIGIN
const i32 STATUS = Status.OK
const i32 ITEM = shared.Status.OKK
// Never what is being defined.
const i32 SELF1 = SELF2
typedef Selfish Selfis
service Lonely extends Lonley {}
