// Struct literals, alone and in containers.
// thriftpy2 differs at DEEP: it does not cast struct literals in containers
// thriftpy2 differs at Default: it does not cast struct literals in containers
// thriftpy2 differs at LINE: it does not cast struct literals in containers
// thriftpy2 differs at LIST: it does not cast struct literals in containers
// thriftpy2 differs at meta: it does not cast struct literals in containers
include "shared.thrift"

struct Point {
  1: i32 x
  2: i32 y = 5
}
struct Line {
  1: Point start
  2: Point stop
  3: list<Point> via
  4: map<string, Point> named
}
union Shape {
  1: Point point
  2: Line line
}
const Point POINT = {"x": 1, "y": 2}
const Point PARTLY = {"x": 1}
const Point EMPTY = {}
const Line LINE = {"start": {"x": 1}, "stop": {"y": 2}, "via": [{"x": 2}, {"y": 3}], "named": {"a": {"x": 4}}}
const list<Point> LIST = [{"x": 1}, {"y": 2}]
const map<string, Point> MAP = {"a": {"x": 1}}
const map<string, list<map<i32, Point>>> DEEP = {"a": [{1: {"x": 1}}]}
const Shape SHAPE = {"point": {"x": 1}}
const shared.Point ITEM = {"x": 1}
struct Default {
  1: Point point = {"x": 1}
  2: list<Point> points = [{"x": 1}, {"x": 2}]
}
