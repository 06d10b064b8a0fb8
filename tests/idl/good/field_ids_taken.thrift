// An id below zero that a field without one has got already.
// thriftpy2 refuses: a field has the id already
struct A { 1: i32 a, i32 b, -1: i32 c, i32 d }
