/**
 * Of the file: two of them stand before the first definition.
 */

/** Of the struct. */
struct A { 1: i32 a }
/** Of this one. */
/** Of the other. */
struct B { 1: i32 a }
