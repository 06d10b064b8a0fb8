struct Left { 1: i32 a }
