//! A small cache of map keys: messages repeat them, and a string that exists
//! needs no memory and has its hash already.

use pyo3::prelude::*;

use super::ffi;

/// Slots of the cache; a power of two.
const SLOTS: usize = 256;
/// Longer keys are seldom repeated and cost more to compare.
const LONGEST: usize = 32;

/// Recent keys of one message.
pub struct KeyCache<'py> {
    slots: Vec<Option<Key<'py>>>,
}

struct Key<'py> {
    bytes: Box<[u8]>,
    text: Bound<'py, PyAny>,
}

impl<'py> KeyCache<'py> {
    /// An empty cache, which allocates at first use.
    pub const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    /// The `str` of a key; an error when it is not UTF-8.
    #[inline]
    pub fn get(&mut self, py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        if bytes.len() > LONGEST {
            return ffi::new_str(py, bytes);
        }
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        let slot = &mut self.slots[hash(bytes)];
        if let Some(known) = slot
            && *known.bytes == *bytes
        {
            return Ok(known.text.clone());
        }
        let text = ffi::new_str(py, bytes)?;
        *slot = Some(Key {
            bytes: bytes.into(),
            text: text.clone(),
        });
        Ok(text)
    }
}

/// FNV-1a; good enough to spread the keys of a message.
#[inline]
fn hash(bytes: &[u8]) -> usize {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) as usize % SLOTS
}
