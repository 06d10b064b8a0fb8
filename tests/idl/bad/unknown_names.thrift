struct A { 1: Missing a }
const i32 B = MISSING
service C extends Missing {}
