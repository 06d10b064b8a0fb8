struct class { 1: i32 from, 2: string ok }
enum E { None_, lambda }
service S { void import(1: i32 args) }
const i32 next = 12
typedef i32 float
struct B { 1: float f }
