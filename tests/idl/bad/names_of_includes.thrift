include "shared.thrift"
struct A { 1: shared.Pont point, 2: shared.Missing missing }
const i32 B = shared.LIMI
service C extends shared.Bas {}
