// Typed struct constants of another struct, of no struct, and with wrong fields.
struct A { 1: i32 x }
struct B { 1: required i32 x }
enum C { ONE }
const A OTHER = B{x = 1}
const A FIELD = A{y = 1}
const A VALUE = A{x = "text"}
const B MISSING = B{}
const i32 NUMBER = A{x = 1}
const C ENUM = C{x = 1}
const A UNKNOWN = Nothing{x = 1}
