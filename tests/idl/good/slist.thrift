// Another word for string: gone since Apache 0.13.
// apache refuses: slist is gone since 0.13
// thriftpy2 refuses: it has no slist
struct Old {
  1: slist text
}
