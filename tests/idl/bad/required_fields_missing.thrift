// A struct literal without a required field, alone and in a container.
// apache accepts: it does not check required fields
struct Point { 1: required i32 x, 2: i32 y }
const Point POINT = {"y": 1}
const list<Point> POINTS = [{"y": 1}]
