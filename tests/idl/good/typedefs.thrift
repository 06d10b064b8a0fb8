// Used before they are defined.
struct First { 1: A a, 2: list<B> b, 3: map<C, D> c }
typedef B A
typedef C B (annotated = "yes")
typedef i64 C
typedef list<First> D
typedef E F
enum E { X = 1, Y }
const F G = F.Y
// thriftpy2 refuses: it does not look for values through typedefs
