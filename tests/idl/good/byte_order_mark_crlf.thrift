# a byte order mark, and lines that end in CR LF
struct A {
  1: i32 a,
  2: string b
}
// thriftpy2 refuses: it takes no byte order mark
