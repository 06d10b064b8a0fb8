// Namespaces of all kinds.
namespace * everything
namespace py a.b
namespace java org.example.a
namespace cpp a
namespace netstd A.B
namespace py later
struct A { 1: i32 a }
