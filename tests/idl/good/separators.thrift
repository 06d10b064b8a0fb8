const i32 A = 1
const i32 B = 2;
const i32 C = 3,
const i32 D = 4;;
typedef i32 E
typedef i32 F;
typedef i32 G,
struct H { 1: i32 a 2: i32 b, 3: i32 c; 4: i32 d };
enum I { J K, L; M = 5 N = 7 }
service O { void p() void q(1: i32 a 2: i32 b), void r(); void s() throws (1: T t), }
exception T {}
const list<i32> U = [1 2, 3; 4]
const map<i32, i32> V = {1: 2 3: 4, 5: 6; 7: 8}
// apache refuses: it takes no separator after most definitions
// thriftpy2 refuses: it takes no comma after a definition
