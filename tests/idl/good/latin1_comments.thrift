// café in Latin-1
/* ÿþ */
/** naïve */
struct A { 1: i32 a }
