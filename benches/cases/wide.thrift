namespace py wide

struct Wide {
  1: i64 id,
  2: string name,
  3: optional string nickname,
  4: i32 age,
  5: bool active,
  6: optional double score,
  7: i16 rank,
  8: byte level,
  9: optional string email,
  10: optional string phone,
  11: i64 created,
  12: optional i64 updated,
  13: optional binary avatar,
  14: list<i32> groups,
  15: optional map<string, string> labels,
  16: string note = "none",
}
