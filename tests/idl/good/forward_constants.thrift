// Constants and defaults that refer to later ones.
// apache refuses: constants can be used only after their definition
// thriftpy2 refuses: constants can be used only after their definition
const i32 LATER = FIRST
const list<i32> ALL = [FIRST, LATER]
struct Limits {
  1: i32 soft = FIRST
  2: Level level = Level.HIGH
}
const Limits DEFAULTS = {"soft": LATER}
const i32 FIRST = 1
enum Level {
  LOW = 1
  HIGH = 2
}
