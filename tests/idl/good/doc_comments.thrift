/** Of the constant. */
const i32 A = 1
/**
 * Of the typedef,
 * in two lines.
 */
typedef i32 B
/** Of the enum. */
enum C {
  /** Of the item. */
  D = 1
  /**
   * Of the other item.
   *   Indented.
   */
  E
}
/** Of the struct. */
struct F {
  /** Of the field. */
  1: i32 a
}
/** Of the exception. */
exception G {
  /** Of its field. */
  1: string why
}
/** Of the service. */
service H {
  /** Of the function. */
  void i(/** Of the argument. */ 1: i32 a) throws (/** Of the exception. */ 1: G g)
}
