// Structs as elements of sets and as keys of maps.
// apache cannot say: JSON has no structs as keys
// thriftpy2 refuses: its struct literals in containers are dicts, which are no keys
struct Point {
  1: i32 x
  2: i32 y
}
const set<Point> POINTS = [{"x": 1}, {"x": 2, "y": 3}]
const map<Point, string> NAMES = {{"x": 1}: "one", {"x": 2}: "two"}
