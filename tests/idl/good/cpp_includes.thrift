// C++ headers.
cpp_include "<unordered_map>"
include "shared.thrift"
cpp_include 'local.h'
struct A {
  1: shared.Point item
}
