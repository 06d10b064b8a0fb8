include "shared/base.thrift"
include "other/base_types.thrift"
cpp_include "<vector>"

namespace py everything
namespace java org.example.everything
namespace * any

/** A doc comment. */
const i32 ANSWER = 42
const i64 BIG = 0xffffffff
const double RATIO = 3
const bool YES = true
const bool ONE = 1
const string GREETING = "hello \"you\"\n"
const binary RAW = 'raw'
const list<i32> NUMBERS = [1, 2; 3]
const set<string> WORDS = ["a", "b"]
const map<string, list<i32>> TABLE = {"one": [1], "none": []}
const base.Level LEVEL = base.Level.HIGH
const i32 HIGH = base.Level.HIGH
const base.Point ORIGIN = {"x": 0, "y": 0}
const i32 SAME = ANSWER
const string WITH_NOTES = "n" (key = "value", flag)

enum Colour {
    RED,
    GREEN = 5 (shade = "dark"),
    BLUE,
    AZURE = 6;
} (kind = "enum")

typedef i64 Timestamp (unit = "ms")
typedef list<base.Point> Path
typedef map<Timestamp, Colour> History

struct Empty {}

struct Leaf {
    1: required i32 id,
    2: optional string name = "leaf" (max = "10"),
    3: Colour colour = Colour.GREEN,
    4: list<string> tags = ["x"],
    5: binary raw,
    6: double weight = 1
} (kind = "struct")

struct Tree {
    1: Tree left
    2: Tree right
    3: list<Tree> others
    4: map<string, Leaf> leaves = {}
    5: set<i32> numbers
    6: base.Point point = {"x": 7}
    7: Timestamp at
    8: Path path
    9: History history
    10: base_types.Shared shared
    i16 without_id
    bool neither
    40000: i8 far
}

union Choice {
    1: i32 number
    2: string text
}

exception Refused {
    1: string message
    2: i32 code = 400
} (kind = "exception")

service Base extends base.Root {
    void nothing(),
    oneway void tell(1: string what),
    Tree grow(1: Tree tree, 3: i32 times = 2) throws (1: Refused refused) (cost = "high")
}

service Derived extends Base {
    list<map<string, base.Point>> points(i32 unnumbered, i32 another)
    Colour mix(1: set<Colour> colours) throws (1: Refused first, 2: base.Trouble second)
}
