// C++ names of lists before what they hold, as since Apache 0.18.
// apache before 0.18 refuses: it has the C++ name of a list after its elements only
// thriftpy2 refuses: it has no C++ names of containers
struct Containers {
  1: list cpp_type "std::deque" <i32> l
  2: list<list cpp_type "std::list" <i32>> nested
}
