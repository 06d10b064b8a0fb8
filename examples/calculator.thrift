namespace py calculator

service Calculator {
    i32 add(1: i32 a, 2: i32 b),
    i32 subtract(1: i32 a, 2: i32 b),
    i32 multiply(1: i32 a, 2: i32 b),
    double divide(1: double a, 2: double b)
}
