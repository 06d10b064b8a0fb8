//! Strings that a large message has more than once: one object does for all of
//! them, so that what is decoded takes less memory, and none has to be made again.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::keys::hash;
use crate::py::ffi::{self, Quiet};

/// Longer strings are seldom repeated and cost more to compare.
const LONGEST: usize = 64;

/// There is a slot for each so many bytes of a message: what it repeats, it has far
/// from each other.
const BYTES_OF_SLOT: usize = 64;

/// The fewest slots, and the most.
const FEWEST: usize = 1 << 10;
const MOST: usize = 1 << 16;

/// Of so many slots one more string may come for the first time than again, before it
/// is seen that a message has none to speak of.
const SLOTS_OF_PATIENCE: usize = 8;

/// What a string is read as.
#[derive(Clone, Copy)]
pub enum Form {
    /// A `str`.
    Text,
    /// A `bytes`.
    Bytes,
}

impl Form {
    /// What is in an object, if it has this form and, as a `str`, has its characters as
    /// they are on the wire.
    #[inline]
    fn content<'a>(self, object: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
        match self {
            Self::Text => ffi::exact_ascii(object),
            Self::Bytes => Some(object.cast_exact::<PyBytes>().ok()?.as_bytes()),
        }
    }
}

/// Strings of one message that came lately.
pub struct Repeated {
    /// By twos, of which the first has what came last.
    recent: Vec<Option<Py<PyAny>>>,
    patience: usize,
    most_patience: usize,
}

impl Repeated {
    /// Of a message that begins, which has so many bytes.
    pub fn new(length: usize) -> Self {
        let slots = (length / BYTES_OF_SLOT).clamp(FEWEST, MOST);
        let mut recent = Vec::new();
        recent.resize_with(slots.next_power_of_two(), || None);
        let patience = FEWEST.max(recent.len() / SLOTS_OF_PATIENCE);
        Self {
            recent,
            patience,
            most_patience: 2 * patience,
        }
    }

    /// An equal object that came before, or else the object that `make` gives.
    pub fn get<'py, E>(
        &mut self,
        quiet: &Quiet<'py>,
        form: Form,
        content: &[u8],
        make: impl FnOnce() -> Result<Bound<'py, PyAny>, E>,
    ) -> Result<Bound<'py, PyAny>, E> {
        if content.len() > LONGEST {
            return make();
        }
        let unused = u64::BITS - self.recent.len().trailing_zeros();
        let place = (hash(content) >> unused) as usize;
        let first = match form {
            Form::Text => place & !1,
            // Not where the same characters are as a `str`.
            Form::Bytes => (place & !1) ^ 2,
        };
        for place in [first, first + 1] {
            if let Some(known) = &self.recent[place]
                && let known = quiet.share(known)
                && form.content(&known) == Some(content)
            {
                self.patience = (self.patience + 1).min(self.most_patience);
                return Ok(known);
            }
        }
        let object = make()?;
        if form.content(&object).is_some() {
            let new = Some(object.clone().unbind());
            let second = std::mem::replace(&mut self.recent[first], new);
            let old = std::mem::replace(&mut self.recent[first + 1], second);
            drop(old.map(|old| quiet.take(old)));
            self.patience = self.patience.saturating_sub(1);
        }
        Ok(object)
    }

    /// Whether it is worth while to go on.
    pub const fn is_worth_while(&self) -> bool {
        self.patience > 0
    }
}
