// Words that some languages keep for themselves, as names of everything.
// apache before 0.25 refuses: it refuses the words of any target language
// thriftpy2 refuses: it refuses the words of any target language
struct class { 1: i32 from, 2: string ok, 3: string function }
enum E { None, lambda, print }
service S { void import(1: i32 args) }
const i32 next = 12
typedef double float
struct B { 1: float f, 2: E default = E.lambda }
exception raise { 1: class with }
const class global = {"from": 1}
