// Structs that hold themselves, and each other.
// thriftpy2 differs at A: it leaves placeholders for what is defined later
// thriftpy2 differs at Caused: it leaves placeholders for what is defined later
struct Node { 1: i32 value, 2: optional Node following, 3: list<Node> children, 4: map<string, Node> named }
struct A { 1: optional B b }
struct B { 1: optional A a }
union Tree { 1: Node node, 2: list<Tree> trees }
exception Caused { 1: optional Cause cause }
struct Cause { 1: list<Cause> causes }
