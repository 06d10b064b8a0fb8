namespace * everything
namespace py foo.bar;
namespace py.twisted foo.bar.twisted
namespace java com.example.public (annotated = "yes", bare)
// The last of a scope counts.
namespace py foo.baz
cpp_include "<unordered_map>"
cpp_include "<vector>";

struct A {}
// apache refuses: it takes no separator after a header
// thriftpy2 refuses: it has no annotations of namespaces
