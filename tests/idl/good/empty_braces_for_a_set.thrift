// thriftpy2 takes empty braces for an empty set.
// apache differs at constants.EMPTY.value: it writes the braces as they are
// apache differs at structs.A.fields.a.default: it writes the braces as they are
const set<i32> EMPTY = {}
struct A { 1: set<string> a = {} }
