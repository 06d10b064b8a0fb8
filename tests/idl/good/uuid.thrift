// UUIDs: a type since Apache 0.18.
// apache before 0.18 refuses: it has no type uuid
// thriftpy2 refuses: it has no type uuid
typedef uuid Id
struct Entry {
  1: uuid id
  2: list<uuid> parents
  3: map<uuid, Id> names
  4: uuid fixed = "12345678-1234-5678-1234-567812345678"
}
const uuid ZERO = "00000000-0000-0000-0000-000000000000"
const uuid BRACED = "{12345678-1234-5678-1234-567812345678}"
service Entries {
  uuid make(1: uuid parent)
}
const uuid ANY_CASE = "{00112233-4455-6677-8899-aaBBccDDeeFF}"
const uuid BARE = "00112233445566778899AABBCCDDEEFF"
const uuid SAME = BARE
const list<uuid> LIST = [BARE, "00000000-0000-0000-0000-000000000000"]
const map<uuid, set<uuid>> MAP = {ZERO: [BARE]}
const Entry ENTRY = {"id": BARE, "parents": [BRACED], "names": {BARE: "{00112233445566778899aabbccddeeff}"}}
