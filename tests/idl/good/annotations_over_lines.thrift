// Annotation texts over several lines, and with a backslash before a capital.
// apache refuses: texts end on their lines, and it knows six escapes
// thriftpy2 refuses: texts end on their lines, and it knows six escapes
struct A {
  1: string a (doc = "first
    second", class = "\My\Class", php = '\A')
  2: i32 b (doc = """He said "no",
and left.""")
} (cpp.methods = "
  bool operator<(const A& other) const;
  std::string \"name\"();
")
@Documented{text = "over
lines", name = '\Name'}
enum E { ONE (x = 'a
b') }
typedef string (doc = "a
b") Text (c = "d
e")
