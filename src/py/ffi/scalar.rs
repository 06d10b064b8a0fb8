//! Scalars between objects of Python and the wire.
//!
//! Here, and in `list`, `dict` and `slots`, values are written that have no
//! reference of their own: a list, a dict or a slot keeps them, as long as no
//! code of objects runs. That none does is no promise of a caller: what is done
//! with such a value is to ask for its [`Scalar`] and to hand that to a
//! [`Writer`], which is of the room `wire` and knows nothing of Python.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat};

use super::int::{exact_i32, exact_i64, new_int};
use super::raised::Raised;
use super::text::{NoStr, exact_utf8, new_str, replaced, str_of_half_pairs};
use crate::wire::{self, Reader, Scalar, Writer};

/// What Python has for a scalar of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarKind {
    /// A `bool`.
    Bool,
    /// An `int` of 8 bits.
    I8,
    /// An `int` of 16 bits.
    I16,
    /// An `int` of 32 bits.
    I32,
    /// An `int` of 64 bits.
    I64,
    /// A `float`.
    Double,
    /// A `str`.
    Str,
    /// A `bytes`.
    Bytes,
    /// What is no scalar.
    Other,
}

/// The value of an object that is exactly of the type that Python has for it;
/// none of its code runs. What gives none may have run other code: the value is
/// looked for again before it is used.
#[expect(clippy::inline_always, reason = "measured: the loops over fields")]
#[inline(always)]
fn exact<'a>(kind: ScalarKind, value: &'a Bound<'_, PyAny>) -> Option<Scalar<'a>> {
    Some(match kind {
        ScalarKind::Str => Scalar::Bytes(exact_utf8(value)?),
        ScalarKind::Bytes => Scalar::Binary(value.cast_exact::<PyBytes>().ok()?.as_bytes()),
        ScalarKind::I8 => Scalar::I8(exact_i64(value)?.try_into().ok()?),
        ScalarKind::I16 => Scalar::I16(exact_i64(value)?.try_into().ok()?),
        ScalarKind::I32 => Scalar::I32(exact_i32(value)?),
        ScalarKind::I64 => Scalar::I64(exact_i64(value)?),
        ScalarKind::Bool => Scalar::Bool(value.cast_exact::<PyBool>().ok()?.is_true()),
        ScalarKind::Double => Scalar::Double(f64::exact(value)?),
        ScalarKind::Other => return None,
    })
}

/// Writes a field whose value is None, or can be read without running any
/// code; whether that is so. Nothing of the field is written otherwise.
#[expect(clippy::inline_always, reason = "measured: the loop over fields")]
#[inline(always)]
pub fn write_exact_field<W: Writer>(
    kind: ScalarKind,
    value: &Bound<'_, PyAny>,
    id: i16,
    last_id: &mut i16,
    writer: &mut W,
) -> bool {
    // What fails is written again in the general way, for its error.
    value.is_none()
        || exact(kind, value).is_some_and(|value| writer.scalar_field(value, id, last_id).is_ok())
}

/// Writes a value inside a container that can be read without running any code;
/// whether that is so.
#[expect(
    clippy::inline_always,
    reason = "measured: the loops over strings, which are most"
)]
#[inline(always)]
pub(super) fn write_exact<W: Writer>(
    kind: ScalarKind,
    value: &Bound<'_, PyAny>,
    writer: &mut W,
) -> bool {
    match kind {
        ScalarKind::Str => exact_utf8(value).is_some_and(|value| writer.bytes(value).is_ok()),
        kind => write_other(kind, value, writer),
    }
}

#[inline(never)]
fn write_other<W: Writer>(kind: ScalarKind, value: &Bound<'_, PyAny>, writer: &mut W) -> bool {
    exact(kind, value).is_some_and(|value| writer.scalar(value).is_ok())
}

mod sealed {
    pub trait Sealed {}
}

/// A number that an object can be read as without running any code.
pub trait ExactNumber: Sized + sealed::Sealed {
    /// The number, if the object is exactly of its type.
    fn exact(object: &Bound<'_, PyAny>) -> Option<Self>;
}

impl sealed::Sealed for i32 {}
impl sealed::Sealed for i64 {}
impl sealed::Sealed for f64 {}

impl ExactNumber for i32 {
    #[expect(clippy::inline_always, reason = "measured: the loops over numbers")]
    #[inline(always)]
    fn exact(object: &Bound<'_, PyAny>) -> Option<Self> {
        exact_i32(object)
    }
}

impl ExactNumber for i64 {
    #[expect(clippy::inline_always, reason = "measured: the loops over numbers")]
    #[inline(always)]
    fn exact(object: &Bound<'_, PyAny>) -> Option<Self> {
        exact_i64(object)
    }
}

impl ExactNumber for f64 {
    #[expect(clippy::inline_always, reason = "measured: the loops over numbers")]
    #[inline(always)]
    fn exact(object: &Bound<'_, PyAny>) -> Option<Self> {
        Some(object.cast_exact::<PyFloat>().ok()?.value())
    }
}

/// The bytes of a string that is not UTF-8.
pub struct NotUtf8(pub Vec<u8>);

/// What reading a value came to instead.
pub enum Unread<'py> {
    /// The bytes are wrong.
    Wire(wire::Error),
    /// The interpreter has no memory.
    Raised(Raised<'py>),
    /// A string is not UTF-8, which is for the caller to raise.
    NotUtf8(Box<NotUtf8>),
}

/// A scalar that is read and made an object of, which runs no code if the input
/// lies in memory.
pub trait ReadScalar: Copy + sealed::Sealed {
    /// Reads it.
    fn read<'py, R: Reader>(
        self,
        py: Python<'py>,
        reader: &mut R,
    ) -> Result<Bound<'py, PyAny>, Unread<'py>>;
}

impl From<wire::Error> for Unread<'_> {
    #[cold]
    fn from(error: wire::Error) -> Self {
        Self::Wire(error)
    }
}

impl<'py> From<Raised<'py>> for Unread<'py> {
    #[cold]
    fn from(raised: Raised<'py>) -> Self {
        Self::Raised(raised)
    }
}

macro_rules! read_scalar {
    ($(#[doc = $doc:literal] $name:ident, |$py:ident, $reader:ident| $made:expr;)*) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl sealed::Sealed for $name {}

        impl ReadScalar for $name {
            #[inline]
            fn read<'py, R: Reader>(
                self,
                $py: Python<'py>,
                $reader: &mut R,
            ) -> Result<Bound<'py, PyAny>, Unread<'py>> {
                Ok($made)
            }
        }
    )*};
}

read_scalar! {
    /// An i32, as an `int`.
    ReadI32, |py, reader| new_small_int(py, reader.i32()?.into());
    /// An i64, as an `int`.
    ReadI64, |py, reader| new_int(py, reader.i64()?)?;
    /// A double, as a `float`.
    ReadDouble, |py, reader| PyFloat::new(py, reader.double()?).into_any();
    /// A binary, as `bytes`.
    ReadBytes, |py, reader| PyBytes::new(py, reader.binary()?).into_any();
    /// A string, as `bytes`.
    ReadStrBytes, |py, reader| PyBytes::new(py, reader.bytes()?).into_any();
}

/// An `int` of a number that is probably small.
#[inline]
pub fn new_small_int(py: Python<'_>, value: i64) -> Bound<'_, PyAny> {
    match value.into_pyobject(py) {
        Ok(value) => value.into_any(),
        Err(never) => match never {},
    }
}

/// What a string is read as that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotText {
    /// It stays `bytes`.
    Bytes,
    /// Not at all: an error.
    Refused,
    /// As a `str` with U+FFFD in place of what is wrong, as `errors="replace"`.
    Replaced,
}

/// A string, as a `str`.
#[derive(Clone, Copy, Debug)]
pub struct ReadStr {
    /// What becomes of it when it is not UTF-8.
    pub otherwise: NotText,
}

impl sealed::Sealed for ReadStr {}

impl ReadStr {
    /// What becomes of bytes, which came out of text or not.
    #[expect(clippy::inline_always, reason = "measured, as `read` is")]
    #[inline(always)]
    pub(super) fn text<'py>(
        self,
        py: Python<'py>,
        bytes: &[u8],
        is_text: bool,
    ) -> Result<Bound<'py, PyAny>, Unread<'py>> {
        match new_str(py, bytes) {
            Ok(text) => Ok(text),
            Err(none) => self.other(py, bytes, none, is_text),
        }
    }

    /// What stands for bytes that there is no `str` of.
    #[cold]
    fn other<'py>(
        self,
        py: Python<'py>,
        bytes: &[u8],
        none: NoStr<'py>,
        is_text: bool,
    ) -> Result<Bound<'py, PyAny>, Unread<'py>> {
        if let Some(raised) = none.raised() {
            return Err(raised.into());
        }
        if is_text {
            return half_pairs(py, bytes, self.otherwise == NotText::Refused);
        }
        match self.otherwise {
            NotText::Bytes => Ok(PyBytes::new(py, bytes).into_any()),
            NotText::Refused => Err(Unread::NotUtf8(Box::new(NotUtf8(bytes.to_vec())))),
            NotText::Replaced => Ok(replaced(py, bytes)?),
        }
    }
}

impl ReadScalar for ReadStr {
    #[expect(
        clippy::inline_always,
        reason = "measured: a string is the most frequent value"
    )]
    #[inline(always)]
    fn read<'py, R: Reader>(
        self,
        py: Python<'py>,
        reader: &mut R,
    ) -> Result<Bound<'py, PyAny>, Unread<'py>> {
        self.text(py, reader.bytes()?, R::IS_TEXT)
    }
}

/// What is said of text with half of a surrogate pair, where that is an error.
pub const HALF_PAIR: &str = "a string contains half of a surrogate pair";

/// The string of text with halves of surrogate pairs, which JSON can escape and
/// no UTF-8 has.
#[cold]
pub fn half_pairs<'py>(
    py: Python<'py>,
    bytes: &[u8],
    strict: bool,
) -> Result<Bound<'py, PyAny>, Unread<'py>> {
    if strict {
        return Err(wire::Error::malformed(HALF_PAIR).into());
    }
    match str_of_half_pairs(py, bytes) {
        Some(text) => Ok(text?),
        None => Err(Unread::NotUtf8(Box::new(NotUtf8(bytes.to_vec())))),
    }
}
