/** What peer.thrift may become: fields of every type that its peers know nothing of, each with a value. */

enum Color { RED = 1, GREEN = 2, BLUE = 1000000 }

struct Small {
  1: i32 number
  2: string text
  3: list<string> more = ["more"]
}

union Either {
  1: i64 number
  2: string text
}

struct Versioned {
  1: i32 first
  2: bool flag = true
  3: i8 tiny = -8
  4: i16 little = 16
  5: optional string middle
  6: i32 number = -32
  7: i64 big = 64
  8: double real = 0.5
  9: list<Small> last
  10: string text = "new"
  11: binary data = "data"
  12: Color color = Color.BLUE
  13: Small small = {"number": 1, "text": "one"}
  14: Either either = {"number": 5}
  15: list<bool> flags = [true, false]
  16: list<list<Small>> rows = [[], [{"number": 2, "text": "two"}]]
  17: set<string> textSet = ["one", "two"]
  18: map<string, i32> counts = {"one": 1}
  19: map<i32, map<string, set<i64>>> deep = {1: {"two": [3, 4]}}
  20: list<map<Color, double>> maps = [{Color.RED: 1.5}]
  21: list<i32> empty = []
  22: map<string, string> emptyMap = {}
  23: set<i16> emptySet = []
  // Not all peers can skip these: they are sent where they are given.
  24: optional uuid id
  25: optional list<uuid> ids
  26: optional set<uuid> idSet
  27: optional map<uuid, string> byId
  28: optional map<string, list<list<uuid>>> deepIds
}

service Peer {
  Versioned evolve(
    1: Versioned v,
    2: Versioned more,
    3: map<string, list<i32>> numbers,
    4: list<uuid> ids,
    5: map<string, map<i32, list<uuid>>> deepIds,
  )
}
