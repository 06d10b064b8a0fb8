//! Ints.

use pyo3::ffi;
use pyo3::prelude::*;

pub(super) use self::layout::{DIGIT_BITS, DIGITS};
use super::raised::Raised;

/// The value of an object that is exactly an `int`, if it has 64 bits or
/// fewer. Anything else gives none and runs no code.
#[inline]
pub fn exact_i64(object: &Bound<'_, PyAny>) -> Option<i64> {
    // SAFETY: the pointer is alive; its memory is read as an int only after
    // its type was found to be exactly `int`.
    unsafe {
        if ffi::PyLong_CheckExact(object.as_ptr()) == 0 {
            return None;
        }
        match layout::short_value(object.as_ptr()) {
            Some(value) => Some(value),
            None => long_value(object),
        }
    }
}

/// The value of an `int` of 32 bits or fewer, and of exactly that type; none
/// for anything else.
#[inline]
pub fn exact_i32(object: &Bound<'_, PyAny>) -> Option<i32> {
    // SAFETY: as above.
    unsafe {
        if ffi::PyLong_CheckExact(object.as_ptr()) == 0 {
            return None;
        }
        match layout::short_i32(object.as_ptr()) {
            Some(value) => Some(value),
            None => exact_i64(object)?.try_into().ok(),
        }
    }
}

/// A new `int`.
#[inline]
pub fn new_int(py: Python<'_>, value: i64) -> Result<Bound<'_, PyAny>, Raised<'_>> {
    // SAFETY: both give a new object, or null with an exception set.
    unsafe {
        let int = match layout::new_of_two_digits(value) {
            Some(int) => int,
            None => ffi::PyLong_FromLongLong(value),
        };
        Raised::or_owned(py, int)
    }
}

/// The few that remain: the smallest i64, and ints that do not fit.
#[cold]
fn long_value(object: &Bound<'_, PyAny>) -> Option<i64> {
    let mut overflow = 0;
    // SAFETY: the caller has found an exact int, for which the call neither
    // runs other code nor fails but by overflow.
    let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object.as_ptr(), &raw mut overflow) };
    (overflow == 0).then_some(value)
}

/// The private layout of ints: a size with the sign in it, then digits of 30
/// bits, the lowest first.
mod layout {
    use pyo3::ffi;

    pub const DIGIT_BITS: u32 = 30;

    #[repr(C)]
    struct Int {
        head: ffi::PyObject,
        /// Before 3.12 the number of digits, negative for negative ints;
        /// since then the number of digits times 8, plus 2 for negative ints
        /// and 1 for zero.
        size: isize,
        digits: [u32; 3],
    }

    /// Where the digits start, in bytes.
    pub const DIGITS: usize = std::mem::offset_of!(Int, digits);

    /// The number of digits, and -1 for a negative int, 0 for others.
    #[cfg(not(Py_3_12))]
    #[inline]
    const fn count_and_sign(size: isize) -> (isize, i64) {
        let sign = size >> (isize::BITS - 1);
        ((size ^ sign) - sign, sign as i64)
    }

    #[cfg(Py_3_12)]
    #[inline]
    const fn count_and_sign(size: isize) -> (isize, i64) {
        (size >> 3, -((size >> 1 & 1) as i64))
    }

    /// The value of an int of at most one digit, which are most.
    #[cfg(not(Py_3_12))]
    #[inline]
    fn of_one_digit(size: isize, digit: u32) -> Option<i32> {
        // Zero has memory for a digit too.
        (-1..=1)
            .contains(&size)
            .then(|| size as i32 * digit.cast_signed())
    }

    /// The value of an int of at most one digit, which are most.
    #[cfg(Py_3_12)]
    #[inline]
    fn of_one_digit(size: isize, digit: u32) -> Option<i32> {
        // Zero has memory for a digit too.
        (size < 2 << 3).then(|| (1 - (size & 3) as i32) * digit.cast_signed())
    }

    /// A new int for a number that needs two digits, for which the public
    /// function is slow; none for all others.
    ///
    /// # Safety
    /// Attached.
    #[cfg(all(known_layouts, not(Py_3_14)))]
    #[inline]
    pub unsafe fn new_of_two_digits(value: i64) -> Option<*mut ffi::PyObject> {
        unsafe extern "C" {
            /// A new int with memory for so many digits, or null with an
            /// exception set.
            fn _PyLong_New(digits: isize) -> *mut ffi::PyObject;
        }
        /// The size of a negative int of two digits.
        const TWO_NEGATIVE: isize = if cfg!(Py_3_12) { 2 << 3 | 2 } else { -2 };
        const DIGIT: u64 = (1 << DIGIT_BITS) - 1;
        let magnitude = value.unsigned_abs();
        if !(1 << DIGIT_BITS..1 << (2 * DIGIT_BITS)).contains(&magnitude) {
            return None;
        }
        // SAFETY: a new int is positive and has memory for the two digits,
        // which are both written; the higher one is not zero, as is required.
        unsafe {
            let object = _PyLong_New(2);
            if !object.is_null() {
                let int = object.cast::<Int>();
                let digits = (&raw mut (*int).digits).cast::<u32>();
                digits.write((magnitude & DIGIT) as u32);
                digits.add(1).write((magnitude >> DIGIT_BITS) as u32);
                if value < 0 {
                    (*int).size = TWO_NEGATIVE;
                }
            }
            Some(object)
        }
    }

    #[cfg(not(all(known_layouts, not(Py_3_14))))]
    #[inline]
    pub unsafe fn new_of_two_digits(_: i64) -> Option<*mut ffi::PyObject> {
        None
    }

    /// The value of an int of at most one digit.
    ///
    /// # Safety
    /// `object` is an exact int.
    #[inline]
    pub unsafe fn short_i32(object: *mut ffi::PyObject) -> Option<i32> {
        if !cfg!(known_layouts) {
            return None;
        }
        // SAFETY: an int has this layout, and memory for one digit at least.
        unsafe {
            let int = object.cast::<Int>();
            of_one_digit((*int).size, *(&raw const (*int).digits).cast::<u32>())
        }
    }

    /// The value of an int of at most two digits, or three that fit 63 bits.
    ///
    /// # Safety
    /// `object` is an exact int.
    #[inline]
    pub unsafe fn short_value(object: *mut ffi::PyObject) -> Option<i64> {
        if !cfg!(known_layouts) {
            return None;
        }
        // SAFETY: an int has this layout, memory for one digit at least, and
        // as many as its size says; only those are read.
        unsafe {
            let int = object.cast::<Int>();
            let digits = (&raw const (*int).digits).cast::<u32>();
            if let Some(value) = of_one_digit((*int).size, *digits) {
                return Some(value.into());
            }
            let two = || {
                let high = i64::from(*digits.add(1)) << DIGIT_BITS;
                i64::from(*digits) | high
            };
            // No jump by the sign, which is hard to foretell.
            let signed = |magnitude: i64, sign: i64| (magnitude ^ sign) - sign;
            match count_and_sign((*int).size) {
                (2, sign) => Some(signed(two(), sign)),
                (3, sign) if *digits.add(2) < 8 => {
                    let top = i64::from(*digits.add(2)) << (2 * DIGIT_BITS);
                    Some(signed(two() | top, sign))
                }
                _ => None,
            }
        }
    }
}

// Python has digits of 30 bits on 64-bit machines only.
const _: () = assert!(size_of::<usize>() == 8);
