// Results, arguments and exceptions that are defined later, inside of
// containers and through includes.
// apache refuses: an exception can be thrown only after its definition
// thriftpy2 differs at Finder: it leaves placeholders for what is defined later
// thriftpy2 differs at Row: it leaves placeholders for what is defined later
include "shared.thrift"

service Finder {
  list<Row> all()
  map<string, set<Row>> grouped(1: list<Query> queries) throws (1: NotFound missing)
  map<i32, list<shared.Point>> items(1: set<shared.Status> kinds) throws (1: shared.Failed broken)
}
struct Row {
  1: i64 id
}
struct Query {
  1: string text
}
exception NotFound {
  1: Query query
}
