const i32 A = B
const i32 B = C
const i32 C = A
const list<i32> D = [1, E]
const i32 E = E
struct S { 1: S s }
const S F = {"s": {"s": F}}
