enum Colour { RED = 1, GREEN = 2 }
enum Light { RED = 1, AMBER = 2 }
enum Signal { GREEN = 5, STOP = 6 }
typedef Colour Paint

// Before and after what they refer to.
const i32 LATER = FIRST
const i32 FIRST = 1
const double AS_DOUBLE = FIRST
const bool AS_BOOL = FIRST
const list<i32> LIST = [FIRST, LATER, Colour.GREEN]
const list<i32> SAME_LIST = LIST
const set<i32> LIST_AS_SET = LIST
const list<double> LIST_AS_DOUBLES = LIST

const Colour QUALIFIED = Colour.GREEN
const Colour BARE = GREEN
const Colour NUMBER = 2
const Colour BY_TYPEDEF = Paint.GREEN
const Paint TYPEDEF = RED
const i32 AS_NUMBER = Colour.GREEN
const Colour BY_CONSTANT = QUALIFIED
// thriftpy2 takes the number of another enum, Apache the name.
const Colour OTHER_WITH_NUMBER = Light.AMBER
const Colour OTHER_WITH_NAME = Signal.GREEN

const map<Colour, string> KEYS = {Colour.RED: "red", GREEN: "green"}
// apache refuses: constants can be used only after their definition
// thriftpy2 refuses: constants can be used only after their definition
