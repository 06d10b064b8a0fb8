// Numbers that their types cannot hold are taken by all, and warned of here.
const i8 TOO_LARGE = 300
const i16 TOO_SMALL = -40000
const i32 UNSIGNED = 4294967295
struct A { 1: i8 a = 128 }
