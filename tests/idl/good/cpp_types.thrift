// C++ names of containers, before and after what they hold.
// thriftpy2 refuses: it has no C++ names of containers
struct Containers {
  1: map cpp_type "std::unordered_map" <i32, string> m
  2: set cpp_type "std::unordered_set" <i32> s
  4: list<i32> cpp_type "std::deque" old
  5: map cpp_type "M" <i32, set cpp_type "S" <i32>> nested
}
