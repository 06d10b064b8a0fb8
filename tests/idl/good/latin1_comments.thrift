// café in Latin-1
/* ÿþ */
/** naïve */
struct A { 1: i32 a }
// apache differs at structs.A.doc: the bytes that are not UTF-8
// thriftpy2 refuses: the file is not UTF-8
