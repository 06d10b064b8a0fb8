// Annotations before nothing, or broken.
struct A {
  @ 1: i32 a
  2: @Here i32 b
  @Open{x = 1
}
struct B {}
enum C {
  @Last
}
const A VALUE = A{x = 1, 5, x 2}
@Nothing
