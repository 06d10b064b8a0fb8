namespace py numbers

struct Series {
  1: list<i64> longs,
  2: list<double> doubles,
  3: list<i32> integers,
}
