# A shell comment
// A C++ comment
/* A block comment */
/**/ /***/ /*****/ /* * / */ /*/ odd */
/**
 * A doc comment that belongs to the struct.
 *
 *   Indented.
 */
struct Documented {
  /** The first field. */
  1: i32 first, // after it
  /** Not this one, */
  /** but this one. */
  2: i32 second # and here
  3: i32 third
  /* nobody's */
}

/** Before an enum,
    without stars. */
enum Colour {
  /** like blood */
  RED
  GREEN
}

/** Before a service. */
service Painter {
  /** Before a function. */
  void paint(
    /** Before an argument. */
    1: Colour colour
  )
}

/** Before a constant. */
const i32 ONE = 1
/** Before a typedef. */
typedef i32 Number
/** At the end of the file: nobody's. */
// thriftpy2 refuses: it does not know every form of comment
