// An annotation without a value is "1" for Apache's compiler.
struct A {
  1: i32 a (deprecated)
} (final, hidden = "0")
