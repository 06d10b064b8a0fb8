/**
 * A larger file, with a bit of everything as people write it.
 */
include "shared.thrift"

namespace py   example.addressbook
namespace java org.example.addressbook
namespace *    addressbook

/** Versions of the wire. */
const i32 VERSION = 3
const string DEFAULT_COUNTRY = "NL"
const map<string, list<string>> COUNTRIES = {
  "europe": ["NL", "BE", "DE", "FR",],
  'america': ['US', 'CA'];
}

typedef i64 PersonId
typedef map<string, string> Labels
typedef list<Person> People

enum PhoneType {
  /** At home. */
  HOME = 0,
  /** At work. */
  WORK = 1 (label = "office"),
  MOBILE, FAX = 0x10
} (closed = "false")

struct PhoneNumber {
  1: required string number,
  2: optional PhoneType type = PhoneType.MOBILE (ui.widget = "select"),
}

struct Address {
  1: optional string street;
  2: required string city;
  3: optional string country = DEFAULT_COUNTRY;
  4: optional shared.Point location = {"x": 0, "y": 0};
}

/**
 * Somebody.
 *
 *     Person(name="Ann")
 */
struct Person {
  1: required PersonId id
  2: required string name
  3: optional list<PhoneNumber> phones = [{"number": "112", "type": PhoneType.WORK}]
  4: optional map<PhoneType, Address> addresses = {HOME: {"city": "Delft"}}
  5: optional set<PersonId> friends = []
  6: optional Labels labels = {}
  7: binary photo (mime = "image/png", mime.fallback)
  8: double (unit = "kg") weight = 70
  9: bool alive = 1
  10: optional People children
  11: optional Contact preferred
} (table = "people", audited)

union Contact {
  1: PhoneNumber phone
  2: string email
  3: Address address
}

exception NotFound {
  1: PersonId id
  2: string message = "no such person"
}

exception Refused {
  1: required shared.Status status = BAD
  2: optional list<string> reasons
}

const Person NOBODY = {
  "id": 0,
  "name": "nobody",
  "phones": [],
  "addresses": {WORK: {"city": "Utrecht", "country": "NL"}},
  "preferred": {"email": "nobody@example.org"},
}

service Lookup extends shared.Base {
  Person get(1: PersonId id) throws (1: NotFound missing),
  People search(
    // What to look for.
    1: string text,
    2: i32 limit = 20,
    /* Where to go on. */
    3: optional PersonId after
  ) throws (1: Refused refused) (cache = "60", idempotent)
  map<PersonId, Person> many(1: set<PersonId> ids);
  bool has(1: PersonId id)
}

/** Changes need a login. */
service AddressBook extends Lookup {
  PersonId add(1: Person person) throws (1: Refused refused),
  void remove(1: PersonId id) throws (1: NotFound missing, 2: Refused refused)
  oneway void touch(1: PersonId id)
  async void log(1: string line)
  void nothing()
} (port = "9090")
// apache refuses: it takes enum values by their qualified names only
// thriftpy2 refuses: it takes enum values by their qualified names only
