struct 1A { 1: i32 a }
