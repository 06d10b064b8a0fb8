/** What the peers of every language are built from: a service that echoes each type. */

namespace cpp interop
namespace go interop
namespace java interop
namespace js interop
namespace py interop

enum Color { RED = 1, GREEN = 2, BLUE = 1000000 }

struct Small {
  1: i32 number
  2: string text
}

union Either {
  1: i64 number
  2: string text
  3: Small small
  4: list<i32> numbers
}

struct Defaults {
  1: i32 number = 42
  2: string text = "as it was"
  3: list<i32> numbers = [1, 2, 3]
  4: map<string, i32> counts = {"one": 1}
  5: Color color = Color.GREEN
  6: bool flag = true
  7: optional double ratio = 0.5
}

exception Declared {
  1: i32 code
  2: string reason
  3: Small small
}

/** Newer and older versions of it are in newer.thrift and older.thrift. */
struct Versioned {
  1: i32 first
  5: optional string middle
  9: list<Small> last
}

/** One field of every type, and containers of containers. */
struct Everything {
  1: optional bool flag
  2: optional i8 tiny
  3: optional i16 little
  4: optional i32 number
  5: optional i64 big
  6: optional double real
  7: optional string text
  8: optional binary data
  9: optional Color color
  10: optional Small small
  11: optional Either either
  12: optional Defaults defaults
  13: optional Versioned versioned
  20: optional list<bool> flags
  21: optional list<i8> tinies
  22: optional list<i16> littles
  23: optional list<i32> numbers
  24: optional list<i64> bigs
  25: optional list<double> reals
  26: optional list<string> texts
  27: optional list<binary> datas
  28: optional list<Color> colors
  29: optional list<Small> smalls
  30: optional list<Either> eithers
  31: optional set<i32> numberSet
  32: optional set<string> textSet
  33: optional set<Color> colorSet
  34: optional set<i64> bigSet
  40: optional map<string, i32> counts
  41: optional map<i32, string> names
  42: optional map<i64, double> ratios
  43: optional map<Color, Small> byColor
  44: optional map<i8, bool> byTiny
  50: optional list<list<i32>> rows
  51: optional list<list<list<string>>> cube
  52: optional list<set<i32>> sets
  53: optional list<map<string, i32>> maps
  54: optional map<string, list<Small>> groups
  55: optional map<i32, map<string, set<i64>>> deep
  56: optional map<Color, list<map<string, list<Color>>>> deeper
}

service Peer {
  void nothing()
  bool echoFlag(1: bool v)
  i8 echoTiny(1: i8 v)
  i16 echoLittle(1: i16 v)
  i32 echoNumber(1: i32 v)
  i64 echoBig(1: i64 v)
  double echoReal(1: double v)
  string echoText(1: string v)
  binary echoData(1: binary v)
  Color echoColor(1: Color v)
  Small echoSmall(1: Small v)
  Either echoEither(1: Either v)
  Defaults echoDefaults(1: Defaults v)
  list<list<i32>> echoRows(1: list<list<i32>> v)
  set<string> echoTextSet(1: set<string> v)
  map<string, list<Small>> echoGroups(1: map<string, list<Small>> v)
  Everything echo(1: Everything v)
  Versioned evolve(1: Versioned v)
  /** Raises Declared of these. */
  i32 declared(1: i32 code, 2: string reason) throws (1: Declared error)
  /** Raises what the IDL knows nothing of. */
  i32 undeclared(1: string reason)
  oneway void poke(1: i32 v)
  /** What the last poke brought. */
  i32 poked()
}

/** What servers do not know: clients call it. */
service LaterPeer extends Peer {
  i32 unknown(1: i32 v)
}

/** What a client is told to do: call the method with the field of `value` that it is about. */
struct Case {
  1: string name
  2: string method
  3: Everything value
  /** How often, for the methods `many` and `pipelined`: echoNumber of 1, 2, ..., count. */
  4: i32 count = 1
  5: i32 connections = 1
}

enum Kind { VALUE = 1, DECLARED = 2, APPLICATION = 3, TRANSPORT = 4 }

/** What came of it. */
struct Outcome {
  1: string name
  2: Kind kind
  /** The answer, in the field that the question was in. */
  3: Everything value
  4: optional Declared declared
  /** Of a TApplicationException. */
  5: i32 type = 0
  6: string message = ""
}

struct Cases { 1: list<Case> cases }

struct Outcomes { 1: list<Outcome> outcomes }
