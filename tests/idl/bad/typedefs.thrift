typedef A B
typedef B A
typedef list<C> C
typedef D D
struct Uses { 1: A a, 2: C c }
// apache hangs: it looks for the type for ever
