// Structs, unions and enums used before they are defined.
// thriftpy2 differs at Choice: it leaves placeholders for what is defined later
struct Node {
  1: optional Node following
  2: Leaf leaf
  3: list<Leaf> leaves
  4: map<Colour, Choice> choices
  5: Colour colour
}
struct Leaf {
  1: i32 weight
}
union Choice {
  1: Leaf leaf
  2: Node node
}
enum Colour {
  RED
  GREEN
}
