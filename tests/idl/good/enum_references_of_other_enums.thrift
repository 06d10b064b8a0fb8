// The name of another enum's value that has the same number, or the same name.
// apache refuses: it compares names, thriftpy2 numbers
enum Colour { RED = 1, GREEN = 2 }
enum Light { STOP = 1, AMBER = 2 }
const Colour SAME_NUMBER = Light.AMBER
struct Wall { 1: Colour colour = Light.STOP }
