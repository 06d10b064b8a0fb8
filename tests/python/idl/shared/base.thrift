include "deep.thrift"

namespace py shared.base

enum Level { LOW = 1, HIGH = 10 }

struct Point {
    1: i32 x
    2: i32 y = -1
}

exception Trouble { 1: deep.Reason reason }

service Root {
    bool alive()
}
