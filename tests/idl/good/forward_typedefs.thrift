// Typedefs used before they are defined, in every place a type can stand.
// thriftpy2 refuses: it needs the type of a typedef before it
typedef Later Earlier
typedef list<Later> Laters
struct Holder {
  1: Later later
  2: Earlier earlier
  3: Laters laters
  4: map<Key, set<Later>> by_key
}
exception Failed {
  1: Reason reason
}
service Users {
  Later get(1: Key key)
}
typedef string Key
typedef i32 Later
typedef Detail Reason
struct Detail {
  1: Key key
}
