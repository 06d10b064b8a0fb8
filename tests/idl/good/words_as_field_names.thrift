// Words of the grammar as names of fields.
// apache before 0.18 refuses: words of the grammar are no field names
// thriftpy2 refuses: words of the grammar are no field names
struct Words {
  1: string string
  2: bool bool
  3: i32 i32
  4: list<i32> list
  5: map<string, i32> map
  6: set<i32> set
  7: double double
  8: binary binary
  9: byte byte
  10: bool required
  11: required bool optional
  12: optional i32 struct
  13: i32 enum
  14: i32 service
  15: i32 const
  16: i32 typedef
  17: i32 union
  18: i32 exception
  19: i32 extends
  20: i32 throws
  21: i32 oneway
  22: i32 void
  23: i32 namespace
  24: i32 include
  25: i32 cpp_include
  26: i64 i64
  27: i16 i16
  28: i8 i8
}
service Functions {
  void f(1: string string, 2: i32 list, 3: bool required)
}
