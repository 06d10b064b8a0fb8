// thriftpy2 refuses: it does not know every form of comment
/* * / */
/**/
/***/
/****/
/*****/
/* ** */
/**
 * A doc comment that documents nothing.
 */
# unix ### comment // with others /* in it
// line comment # with /* others
/* block // with # others */
struct A { # after a brace
  1: i32 a // after a field
  /* before */ 2: /* amid */ i32 /** a doc comment amid */ b /* after */ = /**/ 5 /***/
  /** of nothing */
} /** at the end */
/*/ not closed by the first slash */
enum B { /* nothing */ C /**/ }
/** of the service */
service D {
  /** of the function */
  void e(/* no arguments */)
  // at the end of the service
}
// at the end of the file, without its newline
// no newline after this