// Enum values by their names.
// apache refuses: it takes no constant where an enum value is needed
include "shared.thrift"

enum Colour {
  RED = 1
  GREEN = 2
}
typedef Colour Paint
const Colour QUALIFIED = Colour.GREEN
const Colour NUMBER = 2
const i32 AS_NUMBER = Colour.GREEN
const shared.Status OF_INCLUDE = shared.Status.BAD
const i32 NUMBER_OF_INCLUDE = shared.Status.BAD
const Paint OF_TYPEDEF = Colour.RED
const list<Colour> LIST = [Colour.RED, Colour.GREEN, 1]
const map<Colour, string> KEYS = {Colour.RED: "red", Colour.GREEN: "green"}
const Colour BY_CONSTANT = QUALIFIED
struct Wall {
  1: Colour colour = Colour.RED
  3: Colour number = 1
  4: Paint paint = Colour.GREEN
  5: shared.Status kind = shared.Status.OK
  6: list<Colour> colours = [Colour.RED, Colour.GREEN]
}
service Painter {
  void paint(1: Colour colour = Colour.RED)
}
