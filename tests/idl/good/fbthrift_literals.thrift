// Quoted texts as fbthrift has them: over several lines, and with its escapes.
// apache refuses: it has none of this
// thriftpy2 refuses: it has none of this
package "example.com/literals"
const string LINES = "one
  two // three
";
const string SINGLE = 'a
"b"' // not in it
const string TRIPLE = """He said "no",
and 'yes' \\ too."""
const string EMPTY = """"""
const string JOINED = "con\
tinued"
const string ESCAPES = "\x41caf\xc3\xa9 \u00e9\u2603"
const list<string> ALL = ["a
b", "c"]
@hack.Adapter{name = '\My\Adapter', doc = "two
lines", more = """as
many"""}
struct A {
  @hack.Wrapper{name = "\Name"}
  1: string a = "x
y"
}
