// Each broken header is told of once, and what is behind it is read.
include struct.thrift
include union "union.thrift"
namespace enum words
namespace py struct
namespace const x; namespace * typedef
cpp_include service
package const
include "shared.thrift" as const
struct A { 1: i32 struct, 2: nonsense }
