// Either separator, or none, wherever Apache's compiler takes one.
// thriftpy2 refuses: it takes no comma after a definition
const i32 A = 1
const i32 B = 2;
const i32 C = 3,
typedef i32 D
typedef i32 F;
typedef i32 G,
struct H { 1: i32 a 2: i32 b, 3: i32 c; 4: i32 d }
enum I { J K, L; M = 5 N = 7, O = 8; P = 9 (q = "r"), S }
exception X {}
exception Y {}
exception Z {}
service T { void p() void q(1: i32 a 2: i32 b, 3: i32 c; 4: i32 d), void r(); void s() throws (1: X x, 2: Y y; 3: Z z) }
const list<i32> U = [1 2, 3; 4]
const map<i32, i32> V = {1: 2 3: 4, 5: 6; 7: 8}
const list<string> W = ["a" 'b', "c";]
