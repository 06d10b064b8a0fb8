// Values: automatic, given, and both.
enum Automatic { A, B, C }
enum Given { A = 5, B = 3, C = 10 }
enum Mixed { A, B = 5, C, D = 2, E }
enum Negative { A = -3, B, C, D, E }
enum Empty {}
enum Limits { SMALL = -2147483648, LARGE = 2147483647 }
