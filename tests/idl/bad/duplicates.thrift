struct A { 1: i32 a, 1: i32 b, 2: i32 a }
struct A { 1: i32 a }
union U {}
union U {}
enum E {}
enum E {}
exception X {}
exception X {}
service S { void f(), void f(1: i32 a, 1: i32 b) }
service S {}
struct Many {
  1: i32 a1, 2: i32 a2, 3: i32 a3, 4: i32 a4, 5: i32 a5, 6: i32 a6, 7: i32 a7, 8: i32 a8, 9: i32 a9,
  10: i32 a10, 11: i32 a11, 12: i32 a12, 13: i32 a13, 14: i32 a14, 15: i32 a15, 16: i32 a16,
  17: i32 a3, 5: i32 a18
}
