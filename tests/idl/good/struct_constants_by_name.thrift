// A struct literal that names a constant of the struct for a field.
// apache refuses: it takes no constant inside of a struct literal
struct Point { 1: i32 x }
struct Line { 1: Point start, 2: list<Point> via }
const Point ORIGIN = {"x": 0}
const Line LINE = {"start": ORIGIN, "via": [ORIGIN]}
const Point SAME = ORIGIN
