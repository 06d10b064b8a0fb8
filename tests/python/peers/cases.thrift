namespace py cases

typedef i64 Timestamp
typedef list<Phone> Phones

enum Color {
  RED = 1,
  GREEN = 2,
  BLUE = 4,
}

enum Level { LOW, MIDDLE = 10, HIGH }

const i32 ANSWER = 42

struct Empty {}

struct Phone {
  1: optional Color color = Color.GREEN,
  2: optional string number,
}

union Choice {
  1: i32 number,
  2: string text,
  3: list<Choice> many,
  4: Phone phone,
}

exception Failure {
  1: string message,
  2: i32 code = 7,
  3: list<string> trace,
}

struct Defaults {
  1: bool flag = true,
  2: byte tiny = -3,
  3: i16 small = 300,
  4: i32 number = ANSWER,
  5: i64 big = 9000000000,
  6: double ratio = 0.25,
  7: string text = "Grüße",
  8: list<i32> items = [1, 2, 3],
  9: map<string, i32> table = {"a": 1, "b": 2},
  10: Color color = Color.BLUE,
  11: string nothing,
  12: Level level = 11,
}

struct Tree {
  1: i32 value,
  2: Tree left,
  3: Tree right,
  4: list<Tree> children,
  5: map<string, Tree> named,
}

struct Point {
  1: i32 x,
  2: i32 y,
}

struct Nested {
  1: map<Point, string> by_point,
  2: set<Point> points,
  3: list<map<i32, set<string>>> deep,
  4: map<string, map<string, list<Phone>>> tables,
  5: list<Choice> choices,
  6: Failure failure,
  7: map<Color, Phones> phones,
  8: set<Color> colors,
  9: Timestamp at,
  10: list<list<list<bool>>> cube,
  11: Empty empty,
  12: list<Empty> empties,
}

struct Sparse {
  1: i32 first,
  14: i32 fourteen,
  16: bool sixteen,
  17: bool seventeen,
  33: i32 thirty_three,
  300: string three_hundred,
  32767: bool last,
}

struct OutOfOrder {
  30: string third,
  2: i32 first,
  20: list<bool> second,
  1: bool zeroth,
}

struct Bools {
  1: bool a,
  2: bool b,
  3: i32 n,
  4: bool c,
  40: bool d,
}

struct Before {
  1: i32 a,
  3: string c,
}

struct After {
  1: i32 a = 5,
  2: map<string, list<Tree>> b,
  3: string c = "default",
  4: Choice d,
  5: bool e,
  6: Nested f,
}

struct Implicit {
  i32 first,
  string second,
}
