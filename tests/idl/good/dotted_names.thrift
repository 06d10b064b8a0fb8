// thriftpy2 takes dots in any name; Apache's compiler in none.
struct a.b { 1: i32 c.d }
struct Uses { 1: a.b ab }
