namespace py addressbook

enum PhoneType {
  MOBILE = 0,
  HOME = 1,
  WORK = 2,
}

struct PhoneNumber {
  1: PhoneType type = PhoneType.MOBILE,
  2: string number,
}

struct Person {
  1: string name,
  2: list<PhoneNumber> phones,
  4: i32 created_at,
}

struct AddressBook {
  1: map<string, Person> people,
}
