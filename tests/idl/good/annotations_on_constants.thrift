// Only thriftpy2 takes annotations on constants.
// apache refuses: it has no annotations of constants
const i32 FIVE = 5 (name = "five")
const list<i32> LIST = [1, 2] (sorted)
