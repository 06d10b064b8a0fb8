// Words of the grammar as names of fields, as Apache's compiler takes them.
struct Words {
  1: string string
  2: bool required
  3: required i32 optional
  4: list<i32> list
  5: i32 namespace
  6: i32 struct
  7: i32 const = 5
  8: i32 oneway;
  i32 enum
  i32 void
}
// Words that only Apache's compiler keeps for itself, as thriftpy2 takes them.
struct uuid { 1: i32 async, 2: i32 xsd_optional_, 3: i32 senum, 4: i32 cpp_type }
typedef uuid slist
struct Uses { 1: uuid a, 2: slist b, 3: list<async> c }
typedef i32 async
service Calls {
  async f()
  async void g()
  async async h()
}
// apache before 0.18 refuses: words of the grammar are no field names
// thriftpy2 refuses: words of the grammar are no field names
