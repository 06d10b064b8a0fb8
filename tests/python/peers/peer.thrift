include "cases.thrift"

namespace py peer

exception NotFound {
  1: string key,
  2: i32 code = 404,
}

exception Denied {
  1: string message,
  2: string type,
}

service Base {
  string ping(),
}

service Peer extends Base {
  void nothing(),

  bool echo_bool(1: bool value),
  byte echo_byte(1: byte value),
  i16 echo_i16(1: i16 value),
  i32 echo_i32(1: i32 value),
  i64 echo_i64(1: i64 value),
  double echo_double(1: double value),
  string echo_string(1: string value),
  binary echo_binary(1: binary value),
  list<string> echo_list(1: list<string> value),
  set<i64> echo_set(1: set<i64> value),
  map<string, double> echo_map(1: map<string, double> value),
  cases.Color echo_enum(1: cases.Color value),
  cases.Choice echo_union(1: cases.Choice value),
  cases.Nested echo_nested(1: cases.Nested value),
  cases.Tree echo_tree(1: cases.Tree value),
  cases.Defaults echo_defaults(1: cases.Defaults value),
  cases.Sparse echo_sparse(1: cases.Sparse value),

  string arguments(1: i32 a, 2: string b, 3: bool c, 4: list<i32> d),
  i32 subtract(1: i32 a, 2: i32 b),

  i32 fetch(1: string key) throws (1: NotFound not_found, 2: Denied denied),
  void check(1: string key) throws (1: NotFound not_found, 2: Denied denied),
  string fail(1: string message),
  cases.Point answers_none(),

  oneway void notify(1: string message),
  oneway void notify_and_fail(1: string message),
  list<string> notified(),
}

service Newer extends Peer {
  i32 added_later(1: cases.Nested value),
}
