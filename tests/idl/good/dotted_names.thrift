struct a.b { 1: i32 c }
struct Uses { 1: a.b ab }
