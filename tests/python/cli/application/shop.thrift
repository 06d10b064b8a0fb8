include "common/types.thrift"
include "common/errors.thrift"
include "base.thrift"
include "old.thrift"

typedef types.Grade Grade
typedef list<Item> Items
typedef map<Grade, Items> Shelf

const string def = "a word of Python"
const types.Moment OPENED = {"seconds": 86400}
const set<i32> PRIMES = [2, 3, 5]
const Item CHEAPEST = {"id": 1, "from": "here", "level": types.Level.LOW}
const map<string, Item> KNOWN = {"tea": {"id": 2, "tags": ["hot"]}}
const binary MAGIC = "m"
const double RATE = 0.5
const bool OPEN = true
const Grade USUAL = types.Level.HIGH

enum Color { RED = 1, GREEN = 2, class = 4, ALSO_RED = 1, COLD = -1 }

struct Item {
  1: required types.Id id
  2: optional string from
  3: Grade level = types.Level.HIGH
  4: list<string> tags = ["new"]
  5: types.Moment made = types.EPOCH
  6: optional Thread class
  7: set<i32> tuple = PRIMES
  8: map<Color, set<types.Id>> str
  9: binary type
  10: required Color color = Color.GREEN
  11: old.Record old
  12: optional uuid int
}
struct Thread { 1: required list<Item> items, 2: optional Thread parent }
union Choice { 1: Item item, 2: types.Moment moment, 3: i32 import }
struct Optional { 1: string Any }
struct Any { 1: Optional self }

service Empty {}
service Service extends base.Versioned {
  types.Id create(1: string text, 2: Color color, 3: i32 limit = 10, 4: list<i32> more)
  /** By its number. */
  Item get(1: types.CustomerId id) throws (1: errors.NotFound missing, 2: errors.Refused refused)
  Items all(1: types.Groups groups, 2: optional types.Moment since = types.EPOCH)
  Items filter(1: set<Grade> levels)
  map<Color, Items> tuple(1: string from, 2: i32 timeout)
  set<i16> import(1: i32 class = 1)
  Choice print(1: Choice self)
  binary type()
  void close()
  oneway void note(1: string line)
  Shelf shelf()
  Any any(1: Optional int)
}
