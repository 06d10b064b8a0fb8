//! Ints.

use pyo3::ffi;
use pyo3::prelude::*;

/// The value of an object that is exactly an `int`, if it has 64 bits or
/// fewer. Anything else gives none and runs no code.
#[inline]
pub fn exact_i64(object: &Bound<'_, PyAny>) -> Option<i64> {
    let mut overflow = 0;
    // SAFETY: the pointer is alive; the call is given an exact int, for
    // which it neither runs other code nor fails but by overflow.
    unsafe {
        if ffi::PyLong_CheckExact(object.as_ptr()) == 0 {
            return None;
        }
        let value = ffi::PyLong_AsLongLongAndOverflow(object.as_ptr(), &raw mut overflow);
        (overflow == 0).then_some(value)
    }
}
