// Words that only Apache's compiler keeps, as names.
// apache refuses: slist, senum and cpp_type are words of its grammar
struct Words {
  1: i32 uuid
  3: i32 slist
  4: i32 senum
  5: i32 cpp_type
  6: i32 reference
}
