struct Containers {
  1: list<i32> a
  2: set<string> b
  3: map<string, list<map<i32, set<binary>>>> c
  4: list cpp_type "std::list<int>" <i32> d
  5: list<i32> cpp_type "std::list<int>" e
  6: set cpp_type "std::set" <i32> f
  7: map cpp_type "std::map" <i32, i32> g
  8: list<string (fixed = "4")> (boxed) h
}
// apache refuses: it has the C++ name of a list before its elements since 0.18, and no points without digits
// thriftpy2 refuses: it has no C++ names of containers
