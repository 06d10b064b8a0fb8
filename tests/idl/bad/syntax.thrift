struct First {
  1: i32 a
  2: string
  3: list<i32 c
  4: bool d = ,
}
struct Unclosed {
  1: i32 a
struct Second {
  1 i32 a
  2: i32 b
}
enum E { A = 1, B = , C, 5 }
service S {
  void f(1: i32 a
  oneway i32 g()
  void h(1: i32 x) throws 1: Failed failed)
  void ok()
}
const i32 = 5
const list<i32> L = [1, 2
typedef i32
namespace
php_namespace old
include "late.thrift"
@annotated
struct Last { 1: i32 a }
