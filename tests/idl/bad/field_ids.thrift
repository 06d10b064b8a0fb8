struct A { 99999999999: i32 a, 99999999999999999999999: i32 b, 40000: i32 c }
// thriftpy2 accepts: it has ids of any size, which cannot be sent
