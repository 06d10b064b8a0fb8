// Words of the grammar as the names of annotations.
// apache refuses: they are words of its grammar
// thriftpy2 refuses: they are words of its grammar
struct A {
  1: i32 a (struct, const, b = "5", required = "yes"; enum)
} (namespace = "a.b", include, const, service)
