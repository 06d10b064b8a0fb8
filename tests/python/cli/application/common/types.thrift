namespace py common.types

/** When it was. */
struct Moment { 1: required i64 seconds, 2: byte fraction = 0 }
typedef i64 Id
typedef Id CustomerId
typedef list<CustomerId> CustomerIds
typedef map<string, CustomerIds> Groups
enum Level { LOW = 1, HIGH = 2, None = 3 }
typedef Level Grade
const Moment EPOCH = {"seconds": 0}
const list<Moment> MOMENTS = [EPOCH, {"seconds": 5, "fraction": 1}]
const map<Level, list<string>> NAMES = {Level.LOW: ["low"], 2: ["high", "top"]}
