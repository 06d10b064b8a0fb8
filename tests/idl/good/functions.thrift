// Functions: all results, oneway, arguments with defaults, several exceptions.
struct A { 1: i32 a }
exception X { 1: string why }
exception Y { 1: i32 code }
enum E { ONE = 1 }
typedef list<A> As
service S {
  void nothing()
  bool a()
  i8 b()
  i16 c()
  i32 d()
  i64 e()
  double f()
  string g()
  binary h()
  A i()
  As j()
  E k()
  list<set<map<string, A>>> l()
  oneway void m(1: i32 a)
  void n(1: i32 a = 5, 2: string b = "x", 3: list<i32> c = [1, 2], 4: E d = E.ONE)
  void o() throws (1: X x)
  A p(1: A a) throws (1: X x, 2: Y y)
}
service Empty {}
