namespace py shared
typedef i64 Number
const Number LIMIT = 100
enum Status { OK, BAD = 4 }
struct Point { 1: i64 x, 2: i64 y }
const Point ORIGIN = {"x": 0, "y": 0}
exception Failed { 1: Status status = Status.BAD }
service Base { void ping() }
