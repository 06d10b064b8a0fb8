// Enums of texts: gone since Apache 0.13, and a string before.
// apache refuses: senum is gone since 0.13
// thriftpy2 refuses: it has no senum
senum Colour {
  "red"
  "green",
  "blue";
}
struct Paint {
  1: Colour colour
}
