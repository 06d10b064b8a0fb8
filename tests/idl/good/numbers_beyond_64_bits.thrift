// thriftpy2 takes integers of any size.
// apache refuses: it has no integers beyond 64 bits
const i64 HUGE = 18446744073709551616
const i64 HUGE_HEX = 0xFFFFFFFFFFFFFFFF
const list<i64> MORE = [99999999999999999999, -99999999999999999999]
const double AS_DOUBLE = 18446744073709551616
struct A { 1: i64 a = 18446744073709551615 }
