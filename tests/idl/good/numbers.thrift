// Numbers, signed and in hexadecimal.
const i32 PLUS = +7
const i32 MINUS = -7
const i32 HEX = 0xff
const i32 UPPER_HEX = 0xFF
const i32 LEADING_ZERO = 010
const i64 BIG = 9223372036854775807
const i64 SMALL = -9223372036854775808
const i8 BYTE = -128
const i16 SHORT = 32767
const double INTEGER = 3
const double FRACTION = 1.5
const double NEGATIVE = -1.5
const double PLUS_FRACTION = +2.25
const double BARE_FRACTION = .5
const double EXPONENT = 1e9
const double UPPER_EXPONENT = 1E+9
const double SMALL_EXPONENT = -1.5e-5
const bool YES = true
const bool NO = false
const bool ONE = 1
const bool ZERO = 0
const i32 FROM_TRUE = true
enum Signed { NEGATIVE = -1, NEXT, HEX = 0x10, AFTER_HEX, PLUS = +40 }
struct Ids { 0x01: i32 a, +2: i32 b, 003: i32 c }
