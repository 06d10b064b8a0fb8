// Required fields of struct literals: those that have a default may be left out.
// thriftpy2 differs at POINTS: it does not cast struct literals in containers
// thriftpy2 differs at meta: it does not cast struct literals in containers
struct Point {
  1: required i32 x
  2: optional i32 y
}
const Point POINT = {"x": 1}
const list<Point> POINTS = [{"x": 1}, {"x": 2, "y": 3}]
