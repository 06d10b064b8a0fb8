// Fields that C++ keeps by reference.
// thriftpy2 refuses: it has no references
struct Tree {
  1: i32 value
  2: optional Tree & left
  3: optional Tree& right
  4: list<Tree> & rest
}
service Trees {
  void put(1: Tree & tree)
}
