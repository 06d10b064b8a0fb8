service Child extends Parent {
  oneway void notify(1: string text)
  map<string, list<Result>> search(1: string query, 2: i32 limit = 10)
      throws (1: Failed failed, 2: Busy busy) (timeout = "5")
  Result plain(Result first, 12: i32 second)
  i32 (annotated) typed()
} (on.service = "yes")
service Parent { void ping() }
service Odd {
  oneway i32 answers()
  oneway void throws_() throws (1: Failed failed)
  void throws_struct() throws (1: Result result)
}
struct Result { 1: i32 a }
exception Failed { 1: string why }
exception Busy {}
// apache refuses: a oneway function throws nothing
// thriftpy2 refuses: a service can be extended only after its definition
