include "nowhere.thrift"
struct A { 1: nowhere.Thing thing, 2: elsewhere.Thing other }
const i32 B = nowhere.LIMIT
service C extends nowhere.Base {}
