// A oneway function that promises an answer is refused by Apache's compiler.
service S { oneway i32 f() }
