// Annotations everywhere Apache takes them.
// thriftpy2 refuses: it has no annotations of namespaces and types
namespace py example (uri = "http://example.org")
typedef i64 Timestamp (unit = "ms")
typedef string (format = "date") Date
typedef list<i32> (cpp.template = "std::list") Numbers
enum Status {
  OK = 1 (text = "fine")
  FAILED (text = "not so fine", severity = "5";)
} (generated = "yes")
struct Person {
  1: string name (column = "n", indexed)
  2: i32 (min = "0") age = 3 (column = "a")
  3: map<string (key = "k"), i32 (value = "v")> (cpp.type = "M") scores (column = "s")
} (table = "people", audited)
union Choice {
  1: i32 a (only)
} (choice)
exception Failed {
  1: string why (text = "it's")
} (message = "why")
service People {
  Person get(1: i64 id (positive)) throws (1: Failed failed (level = "1")) (cached = "yes"; ttl = "5")
  oneway void log() ()
} (version = "1.0")
struct Empty {
  1: i32 a ()
} ()
