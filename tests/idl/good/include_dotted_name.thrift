// A file name with a dot is a prefix with a dot.
include "dotted.name.thrift"

struct A {
  1: dotted.name.Inner a
}
