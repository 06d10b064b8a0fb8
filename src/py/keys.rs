//! A small cache of map keys: messages repeat them, and a string that exists
//! needs no memory and has its hash already.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::ffi;

/// Slots of the cache; a power of two.
const SLOTS: usize = 64;
/// Longer keys are seldom repeated and cost more to compare.
const LONGEST: usize = 32;

/// Recent keys of one message.
pub struct KeyCache<'py> {
    /// Made at first use: most messages have no maps.
    slots: Vec<Option<Bound<'py, PyString>>>,
}

impl<'py> KeyCache<'py> {
    /// An empty cache.
    pub const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    /// The `str` of a key; an error when it is not UTF-8.
    #[inline]
    pub fn get(&mut self, py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
        if bytes.len() > LONGEST {
            return ffi::new_str(py, bytes);
        }
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        let slot = &mut self.slots[hash(bytes)];
        if let Some(known) = slot
            && known.to_str().is_ok_and(|known| known.as_bytes() == bytes)
        {
            return Ok(known.clone());
        }
        let text = ffi::new_str(py, bytes)?;
        *slot = Some(text.clone());
        Ok(text)
    }
}

/// Spreads keys by their length, start and end, eight bytes of each.
#[inline]
fn hash(bytes: &[u8]) -> usize {
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    let first = &bytes[..bytes.len().min(8)];
    let last = &bytes[bytes.len() - first.len()..];
    let mixed = (word(first) ^ word(last).rotate_left(23) ^ bytes.len() as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 58) as usize % SLOTS
}
