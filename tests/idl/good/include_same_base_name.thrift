// Two files of one name in two directories.
// thriftpy2 refuses: it takes two files of one name for one
include "left/same.thrift"
include "right/same.thrift"

struct A {
  1: same.Left a
  2: same.Right b
}
