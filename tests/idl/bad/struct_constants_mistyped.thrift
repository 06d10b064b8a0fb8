// Struct literals whose fields are of other types, or not there.
struct Point { 1: i32 x }
const Point WRONG_TYPE = {"x": "text"}
const list<Point> IN_A_LIST = [{"x": "text"}]
const Point NO_FIELD = {"z": 1}
