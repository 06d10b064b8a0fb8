// thriftpy2 takes dots in any name; Apache's compiler in none.
struct a.b { 1: i32 c.d }
struct Uses { 1: a.b ab }
// apache refuses: names have no dots
// thriftpy2 differs at a: the classes with dots in their fields are left unfinished
// thriftpy2 differs at Uses: the classes with dots in their fields are left unfinished
// thriftpy2 differs at meta: the unfinished classes are not listed
