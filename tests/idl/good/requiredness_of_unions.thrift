// The fields of a union are optional, whatever they say.
union A { 1: i32 a, 2: optional i32 b }
