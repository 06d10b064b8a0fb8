struct Address { 1: required string city, 2: string country = "nowhere" }
struct Person {
  1: required string name
  2: Address address = {"city": "Rome"}
  3: list<Address> others
  4: required i32 level = 3
}
union Id { 1: i64 number, 2: string text }
const string NAME_KEY = "name"
const Person ANN = {"name": "Ann", "address": {"city": "Paris"}}
const Person BEN = {NAME_KEY: "Ben", "others": [{"city": "Oslo"}, HOME]}
const Address HOME = {"city": "Home", "city": "Home again"}
const map<string, Person> ALL = {"ann": ANN, "ben": BEN}
const Id ID = {"number": 5}
const map<string, string> PLAIN = {"city": "Bern", "country": "Switzerland"}
const Address FROM_MAP = PLAIN
struct Holder { 1: Person person = ANN, 2: set<string> tags = {} }
// apache refuses: it takes no constant as the key of a struct literal
// thriftpy2 refuses: it asks for required fields that have defaults
