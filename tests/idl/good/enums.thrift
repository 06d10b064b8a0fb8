enum Empty {}
enum Counted { A, B, C }
enum Given { A = 1, B, C = 10, D, E = -1, F, G = 0x10 }
enum Doubled { A = 1, B = 1, C = 0, D, A = 7 }
enum Annotated {
  A (weekend = "yes"),
  B = 3 (weekend = "no", bare)
} (on.the.enum = "1")
enum Wide { A = 2147483647, B, C = 1099511627776 }
senum Old { "red", "green"; "blue" } (kept = "yes")
struct User { 1: Old old, 2: Counted counted = Counted.B }
// apache refuses: senum is gone, and values end at 32 bits
// thriftpy2 refuses: it has no senum
