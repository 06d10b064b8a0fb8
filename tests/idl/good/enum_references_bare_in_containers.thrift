// Enum values without the name of the enum, inside of containers.
// apache refuses: it takes enum values by their qualified names only
// thriftpy2 refuses: it takes enum values by their qualified names only
enum Colour { RED = 1, GREEN = 2 }
const list<Colour> LIST = [RED, GREEN]
const map<Colour, Colour> MAP = {RED: GREEN}
struct Wall { 1: Colour colour }
const Wall WALL = {"colour": GREEN}
