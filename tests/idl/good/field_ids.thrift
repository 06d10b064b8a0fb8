// Ids: given, automatic, and both.
struct Given { 1: i32 a, 3: i32 b, 2: i32 c, 32767: i32 d }
struct Automatic { i32 a, i32 b; i32 c }
struct Mixed { i32 a, 5: i32 b, i32 c, 1: i32 d }
union AutomaticUnion { i32 a, string b }
exception AutomaticException { string why, i32 code }
service Automatics { void f(i32 a, string b) throws (AutomaticException e), i32 g(1: i32 a, i32 b) }
