// A constant of a struct that is defined later.
// apache refuses: it needs the struct of a constant before it
// thriftpy2 differs at meta: it leaves placeholders for what is defined later
// thriftpy2 differs at POINTS: it leaves placeholders for what is defined later
const Point ORIGIN = {"x": 0, "y": 0}
const list<Point> POINTS = [{"x": 1, "y": 2}]
struct Point {
  1: i32 x
  2: i32 y
}
