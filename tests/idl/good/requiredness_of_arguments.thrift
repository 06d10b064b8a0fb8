// Arguments may be required; Apache's compiler ignores that they are optional.
service A { void f(1: required i32 a, 2: i32 b = 5) }
