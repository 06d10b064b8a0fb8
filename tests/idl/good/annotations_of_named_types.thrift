// Annotations after the names of types. They are read and not kept, as those
// of other types are in thriftpy2.
// apache refuses: only base types and containers have them there
// thriftpy2 refuses: only base types and containers have them there
struct V { 1: i32 a } (own = "yes")
enum E { ONE = 1 }
typedef V (a = "b") W
typedef list<V (a = "b", c = "d") > (e = "f") Vs
struct S {
  1: V (cpp.type = "x") v
  2: list<V (a = "b")> l (c = "d")
  3: map<E (key = "yes"), V (value = "yes")> m
  4: optional W (a = "b") w = {"a": 1}
  5: set<E (a = "b", c)> s
  6: V (only) o
  7: E (a = "b") & r
}
exception X { 1: V (a = "b") v }
const V (a = "b") ORIGIN = {"a": 0}
const E (a = "b") FIRST = E.ONE (c = "d")
service T {
  V (a = "b") f(1: V (c = "d") v, 2: list<V (a = "b")> l) throws (1: X (e = "f") x) (g = "h")
  oneway void g(1: E (a = "b") e)
}
