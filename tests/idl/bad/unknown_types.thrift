struct Person { 1: strin name, 2: list<Persn> friends, 3: int age, 4: Missing missing }
typedef Perso Human
service S { Unknown f(1: Persons p) throws (1: Oops oops) }
const Nothing A = 5
struct B { 1: LIMIT limit, 2: S service, 3: void_ nothing }
const i32 LIMIT = 5
