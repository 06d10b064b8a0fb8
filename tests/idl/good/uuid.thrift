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
