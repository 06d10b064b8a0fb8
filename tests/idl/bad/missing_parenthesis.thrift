service S {
  void f(1: i32 a
}
struct After { 1: i32 b }
