// Signed hexadecimal numbers.
// thriftpy2 refuses: it has no signed hexadecimal numbers
const i32 MINUS_HEX = -0x1F
const i32 PLUS_HEX = +0x1f
