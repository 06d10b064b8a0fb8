// What fbthrift says of exceptions, by words that are names elsewhere.
// apache refuses: it has none of this
// thriftpy2 refuses: it has none of this
safe exception A { 1: i32 safe }
transient exception B { 1: i32 transient }
client exception C {}
safe permanent exception D {}
/** With a doc comment. */
@Documented
safe stateful server exception E { 1: string message }
permanent client exception F {}
safe server exception G {}
exception H {}
service S { void f() throws (1: A a, 2: E e) }
