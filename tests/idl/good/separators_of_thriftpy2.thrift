// thriftpy2 takes a semicolon after headers and after every definition.
// apache refuses: it takes no separator after headers and most definitions
namespace py separators;
include "shared.thrift";
struct A { 1: shared.Point item };
enum B { C };
union D { 1: i32 a };
exception E {};
service F { void f() };
const i32 G = 1;
typedef i32 H;
