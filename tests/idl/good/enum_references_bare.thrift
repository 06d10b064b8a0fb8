// Enum values without the name of the enum.
// apache refuses: it takes enum values by their qualified names only
// thriftpy2 refuses: it takes enum values by their qualified names only
enum Colour {
  RED = 1
  GREEN = 2
}
typedef Colour Paint
const Colour BARE = GREEN
const Paint OF_TYPEDEF = RED
struct Wall {
  1: Colour colour = GREEN
  2: Paint paint = RED
}
