// The name of a typedef in the place of the enum's.
// apache refuses: it does not look for values through typedefs
// thriftpy2 refuses: it does not look for values through typedefs
include "shared.thrift"

enum Colour { RED = 1, GREEN = 2 }
typedef Colour Paint
typedef shared.Status Kind
const Colour BY_TYPEDEF = Paint.GREEN
const i32 AS_NUMBER = Paint.RED
const Kind OF_INCLUDE = Kind.BAD
struct Wall { 1: Paint paint = Paint.RED }
