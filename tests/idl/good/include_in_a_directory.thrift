// A file of an include directory that includes others.
include "deep/nested.thrift"

struct A {
  1: nested.Deep a
}
