//! Buffers of numbers, to be written, and code for the processor that is there.

use std::cell::Cell;

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;

use super::buffer::{Buffer, Plain};
use super::types::lookup;

/// The numbers of an object that has a buffer of one dimension, held until this is
/// dropped.
pub struct NumberBuffer<'py> {
    buffer: Buffer<'py>,
    item: Item,
    /// Whether their bytes have the other order than those of this machine.
    swapped: bool,
}

/// What a buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    Bool,
}

impl Item {
    /// What a format of the module `struct` means, of items of a size in bytes; and
    /// whether the order of their bytes is not that of this machine.
    fn of(format: &[u8], size: usize) -> Option<(Self, bool)> {
        let (order, format) = match format {
            [order @ (b'@' | b'=' | b'<' | b'>' | b'!'), format @ ..] => (*order, format),
            format => (b'@', format),
        };
        let item = match (format, size) {
            (b"b" | b"h" | b"i" | b"l" | b"q" | b"n", 1) => Self::I8,
            (b"b" | b"h" | b"i" | b"l" | b"q" | b"n", 2) => Self::I16,
            (b"b" | b"h" | b"i" | b"l" | b"q" | b"n", 4) => Self::I32,
            (b"b" | b"h" | b"i" | b"l" | b"q" | b"n", 8) => Self::I64,
            (b"B" | b"H" | b"I" | b"L" | b"Q" | b"N", 1) => Self::U8,
            (b"B" | b"H" | b"I" | b"L" | b"Q" | b"N", 2) => Self::U16,
            (b"B" | b"H" | b"I" | b"L" | b"Q" | b"N", 4) => Self::U32,
            (b"B" | b"H" | b"I" | b"L" | b"Q" | b"N", 8) => Self::U64,
            (b"f", 4) => Self::F32,
            (b"d", 8) => Self::F64,
            (b"?", 1) => Self::Bool,
            _ => return None,
        };
        let swapped = match order {
            b'<' => cfg!(target_endian = "big"),
            b'>' | b'!' => cfg!(target_endian = "little"),
            _ => false,
        };
        Some((item, swapped))
    }
}

/// What numbers of a buffer are written as.
pub trait FromNumbers: Sized {
    /// Whether what a buffer holds may be written as it.
    fn takes(numbers: &NumberBuffer<'_>) -> bool;

    /// The numbers of a buffer that has them as memory has this type, where they are.
    fn cells<'a>(numbers: &'a NumberBuffer<'_>) -> Option<&'a [Cell<Self>]>;

    /// Fills `block` with numbers from an index on, which are so many at least; an
    /// error is the place in it of the first that does not fit.
    fn fill(numbers: &NumberBuffer<'_>, from: usize, block: &mut [Self]) -> Result<(), usize>;
}

macro_rules! from_integers {
    ($($type:ident $item:ident),*) => {$(
        impl FromNumbers for $type {
            fn takes(numbers: &NumberBuffer<'_>) -> bool {
                !matches!(numbers.item, Item::F32 | Item::F64 | Item::Bool)
            }

            fn cells<'a>(numbers: &'a NumberBuffer<'_>) -> Option<&'a [Cell<Self>]> {
                numbers.cells(Item::$item)
            }

            #[inline(always)]
            fn fill(
                numbers: &NumberBuffer<'_>,
                from: usize,
                block: &mut [Self],
            ) -> Result<(), usize> {
                if numbers.item == Item::$item {
                    numbers.copy(from, block, |value: Self| value, Self::swap_bytes);
                    return Ok(());
                }
                let mut place = 0;
                for part in block.chunks_mut(AT_ONCE) {
                    let mut wide = [0; AT_ONCE];
                    let fit = numbers.integers(from + place, &mut wide[..part.len()]);
                    for (value, wide) in part[..fit].iter_mut().zip(wide) {
                        *value = Self::try_from(wide).map_err(|_| place)?;
                        place += 1;
                    }
                    if fit < part.len() {
                        return Err(place);
                    }
                }
                Ok(())
            }
        }
    )*};
}

/// As many are widened at a time, to be narrowed then.
const AT_ONCE: usize = 64;

from_integers! { i8 I8, i16 I16, i32 I32, i64 I64 }

impl FromNumbers for f64 {
    fn takes(numbers: &NumberBuffer<'_>) -> bool {
        numbers.item != Item::Bool
    }

    fn cells<'a>(numbers: &'a NumberBuffer<'_>) -> Option<&'a [Cell<Self>]> {
        numbers.cells(Item::F64)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "rounded as Python's own float() does"
    )]
    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn fill(numbers: &NumberBuffer<'_>, from: usize, block: &mut [Self]) -> Result<(), usize> {
        match numbers.item {
            Item::F64 => {
                numbers.copy(from, block, Self::from_bits, |bits| {
                    Self::from_bits(bits.swap_bytes())
                });
            }
            Item::F32 => numbers.copy(
                from,
                block,
                |bits| Self::from(f32::from_bits(bits)),
                |bits: u32| Self::from(f32::from_bits(bits.swap_bytes())),
            ),
            Item::U64 => numbers.copy(
                from,
                block,
                |value| value as Self,
                |value: u64| value.swap_bytes() as Self,
            ),
            _ => {
                for (part, from) in block.chunks_mut(AT_ONCE).zip((from..).step_by(AT_ONCE)) {
                    let mut wide = [0; AT_ONCE];
                    numbers.integers(from, &mut wide[..part.len()]);
                    for (value, wide) in part.iter_mut().zip(wide) {
                        *value = wide as Self;
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromNumbers for bool {
    fn takes(numbers: &NumberBuffer<'_>) -> bool {
        numbers.item == Item::Bool
    }

    fn cells<'a>(_: &'a NumberBuffer<'_>) -> Option<&'a [Cell<Self>]> {
        // Any byte but zero is true.
        None
    }

    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn fill(numbers: &NumberBuffer<'_>, from: usize, block: &mut [Self]) -> Result<(), usize> {
        numbers.copy(from, block, |byte: u8| byte != 0, |byte| byte != 0);
        Ok(())
    }
}

impl<'py> NumberBuffer<'py> {
    /// Takes hold of the numbers of an object, if it has a buffer of one dimension,
    /// and what the object gives one by one is what lies there: a class written in
    /// Python may give anything else.
    pub fn of(object: &Bound<'py, PyAny>) -> Option<Self> {
        // SAFETY: looks at the object's type only.
        let has_buffer = unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) } != 0;
        if !has_buffer || !gives_items_natively(object) {
            return None;
        }
        // Without one it is asked for its items, which tells why there are none.
        let buffer = Buffer::of_items(object).ok()?;
        if !buffer.is_line() {
            return None;
        }
        let (item, swapped) = Item::of(buffer.format(), buffer.item_size())?;
        Some(Self {
            buffer,
            item,
            swapped,
        })
    }

    /// The items of a buffer that holds this kind, in the order of bytes of this machine.
    fn cells<T: Plain>(&self, item: Item) -> Option<&[Cell<T>]> {
        if self.item == item && !self.swapped {
            self.buffer.cells()
        } else {
            None
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.buffer.len_bytes() / self.buffer.item_size()
    }

    /// Fills `block` with integers from an index on, which are so many at least; how
    /// many of them fit into 64 bits with a sign, before the first that does not.
    #[inline(always)]
    fn integers(&self, from: usize, block: &mut [i64]) -> usize {
        macro_rules! widened {
            ($type:ident) => {
                self.copy(from, block, i64::from, |value: $type| {
                    i64::from(value.swap_bytes())
                })
            };
        }
        match self.item {
            Item::I8 => widened!(i8),
            Item::I16 => widened!(i16),
            Item::I32 => widened!(i32),
            Item::I64 => widened!(i64),
            Item::U8 => widened!(u8),
            Item::U16 => widened!(u16),
            Item::U32 => widened!(u32),
            Item::U64 => {
                self.copy(from, block, u64::cast_signed, |value| {
                    value.swap_bytes().cast_signed()
                });
                // As signed numbers those that are too large are negative.
                let wrong = block.iter().position(|value| *value < 0);
                return wrong.unwrap_or(block.len());
            }
            Item::F32 | Item::F64 | Item::Bool => {}
        }
        block.len()
    }

    /// Copies items of a type that has their size to `block`, as `convert` makes
    /// them, or `swap` where the order of their bytes is the other one.
    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn copy<S: Plain, T>(
        &self,
        from: usize,
        block: &mut [T],
        convert: impl Fn(S) -> T,
        swap: impl Fn(S) -> T,
    ) {
        if self.swapped {
            self.buffer.items(from, block, swap);
        } else {
            self.buffer.items(from, block, convert);
        }
    }
}

/// Whether the items of an object are given by native code: the methods that give
/// them are slots or methods of a native class.
fn gives_items_natively(object: &Bound<'_, PyAny>) -> bool {
    let (py, class) = (object.py(), object.get_type());
    let is_native = |found: Bound<'_, PyAny>| {
        let class = found.get_type_ptr();
        class == &raw mut ffi::PyWrapperDescr_Type || class == &raw mut ffi::PyMethodDescr_Type
    };
    lookup(&class, intern!(py, "__getitem__")).is_some_and(is_native)
        && lookup(&class, intern!(py, "__iter__")).is_none_or(is_native)
}

/// A loop over numbers, in a method that is always inlined, as all is that it calls:
/// it is compiled once for each kind of processor.
pub trait Loop {
    /// What it gives.
    type Outcome;

    /// Does it.
    fn run(self) -> Self::Outcome;
}

/// Does a loop with the instructions that this processor has: with many numbers at
/// once, whose bytes are swapped in registers.
#[inline]
pub fn vectorised<L: Loop>(work: L) -> L::Outcome {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn with_avx2<L: Loop>(work: L) -> L::Outcome {
            work.run()
        }
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
        {
            // SAFETY: the processor has been asked for what is enabled.
            return unsafe { with_avx2(work) };
        }
    }
    work.run()
}
