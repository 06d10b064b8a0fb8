// An argument may say that it is optional; an exception too.
exception X {}
service A { void f(1: optional i32 a) throws (1: optional X x) }
