// Apache's compiler refuses a function that the service inherits, here and of an include.
include "shared.thrift"

service Base { i32 ping(1: i32 a), void other() }
service Middle extends Base { void more() }
service First extends Middle { i64 ping(1: i64 a), void own() }
service Second extends Middle { void own(), i32 ping(1: i32 a) }
service Third extends Second { void own() }
service OfInclude extends shared.Base { void ping() }
service Apart { i32 ping(1: i32 a) }
// apache refuses: Function ping is already defined in service First
