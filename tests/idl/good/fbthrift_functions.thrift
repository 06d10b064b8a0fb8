// Functions that may be called again, by words that are types elsewhere.
// apache refuses: it has none of this
// thriftpy2 refuses: it has none of this
typedef i32 readonly
typedef i64 idempotent
struct V { 1: i32 a }
service S {
  readonly bool a(1: i64 id)
  idempotent void b()
  readonly V c()
  readonly list<V> d(1: V readonly)
  readonly e()
  idempotent f(1: readonly a)
  readonly readonly g()
  readonly V (a = "b") h()
  readonly (a = "b") i()
  V (a = "b", c) idempotent()
}
