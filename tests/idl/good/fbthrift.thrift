// What fbthrift adds: a package, annotations before things, typed struct constants.
// apache refuses: it has none of this
// thriftpy2 refuses: it has none of this
include "shared.thrift"

@shared.Point{x = 1}
package "example.com/people"

/** With a doc comment before. */
@Documented
@shared.Point{x = 1, y = 2;}
struct Person {
  @Deprecated{message = "use the other"}
  1: string name
  /** Documented. */
  @Nested{inner = Inner{list = [1, 2], map = {"a": Inner{}}}}
  2: Place home = Place{city = "Paris", zip = 75001}
  3: list<Place> places = [Place{}, Place{city = "Rome"}]
}
@Documented
struct Place {
  1: string city
  2: i32 zip
}
@Documented
union Either {
  @Documented 1: i32 left
  @Documented 2: i32 right
}
@Documented
enum Colour {
  @Documented
  RED = 1
  @Documented{} GREEN
}
@Documented
exception Failed {
  @Documented
  1: string why
}
@Documented
typedef i64 Timestamp
@Documented
const Place HOME = Place{city = "Paris"}
const map<string, Place> PLACES = {"a": Place{zip = 1}, "b": {"zip": 2}}
const shared.Point ORIGIN = shared.Point{x = 0, y = 0}
const Either LEFT = Either{left = 1}
const list<Place> SEPARATE = [HOME {}]
@Documented
service People {
  @Documented
  @Documented{}
  Person get(@Documented 1: i64 id) throws (@Documented 1: Failed failed)
}
