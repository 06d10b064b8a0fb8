//! Strings that a large message has more than once: one object does for all of
//! them, so that what is decoded takes less memory.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::keys::{SLOTS, hash};
use crate::py::ffi::{self, Quiet};

/// Longer strings are seldom repeated and cost more to compare.
const LONGEST: usize = 64;

/// So many more strings may come for the first time than again, before it is seen
/// that a message has none to speak of.
const PATIENCE: u32 = 1024;

/// Strings of one message that came lately.
pub struct Repeated {
    recent: Vec<Option<Py<PyAny>>>,
    patience: u32,
}

impl Repeated {
    /// Of a message that begins.
    pub fn new() -> Self {
        let mut recent = Vec::new();
        recent.resize_with(SLOTS, || None);
        Self {
            recent,
            patience: PATIENCE,
        }
    }

    /// An equal object that came before, or else the object.
    pub fn instead_of<'py>(
        &mut self,
        quiet: &Quiet<'py>,
        object: Bound<'py, PyAny>,
    ) -> Bound<'py, PyAny> {
        let Some(content) = content(&object).filter(|content| content.len() <= LONGEST) else {
            return object;
        };
        // A `bytes` has another place than a `str` of the same characters.
        let other_kind = usize::from(object.is_exact_instance_of::<PyBytes>());
        let slot = &mut self.recent[hash(content) ^ other_kind];
        if let Some(known) = slot
            && let known = quiet.share(known)
            && known.get_type_ptr() == object.get_type_ptr()
            && self::content(&known) == Some(content)
        {
            self.patience = (self.patience + 1).min(2 * PATIENCE);
            return known;
        }
        let old = slot.replace(object.clone().unbind());
        drop(old.map(|old| quiet.take(old)));
        self.patience = self.patience.saturating_sub(1);
        object
    }

    /// Whether it is worth while to go on.
    pub const fn is_worth_while(&self) -> bool {
        self.patience > 0
    }
}

/// What is in a `bytes`, or a `str` that has its characters as they are on the wire.
#[inline]
fn content<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    match object.cast_exact::<PyBytes>() {
        Ok(bytes) => Some(bytes.as_bytes()),
        Err(_) => ffi::exact_ascii(object),
    }
}
