// thriftpy2 takes any type in throws, Apache's compiler only exceptions.
// apache refuses: it takes only exceptions in throws
struct NotAnException { 1: i32 a }
service S { void f() throws (1: NotAnException a) }
