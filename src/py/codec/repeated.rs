//! Strings that a large message has more than once: one object does for all of
//! them, so that what is decoded takes less memory, and none has to be made again.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::keys::{hash, same};
use crate::py::ffi::{self, Quiet};

/// Longer strings are seldom repeated and cost more to compare.
const LONGEST: usize = 64;

/// As long are so many bytes as base64.
pub const LONGEST_QUOTED: usize = LONGEST.div_ceil(3) * 4;

/// There is a slot for each so many bytes of a message: what it repeats, it has far
/// from each other.
const BYTES_OF_SLOT: usize = 64;

/// The fewest slots, and the most.
const FEWEST: usize = 1 << 10;
const MOST: usize = 1 << 16;

/// So many strings are kept one behind the other before there is a table: a message that
/// is large by a few long strings needs none.
const FEW: usize = 16;

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

    /// Whether an object has this form.
    #[inline]
    fn is_of(self, object: &Bound<'_, PyAny>) -> bool {
        match self {
            Self::Text => object.is_exact_instance_of::<PyString>(),
            Self::Bytes => object.is_exact_instance_of::<PyBytes>(),
        }
    }
}

/// In a message of fewer bytes it does not matter which strings are repeated.
pub const REPEATED_MATTERS: usize = 1 << 16;

/// Strings of one message that came lately.
struct Recent<T> {
    /// The first ones, each with its hash, while there is no table.
    first: Vec<(u64, T)>,
    /// By twos, of which the first has what came last; none as long as they are few.
    slots: Vec<Option<T>>,
    /// How many there are then.
    count: usize,
    patience: usize,
    most_patience: usize,
}

impl<T> Recent<T> {
    /// Of a message that begins, which has so many bytes.
    fn new(length: usize) -> Self {
        let count = (length / BYTES_OF_SLOT)
            .clamp(FEWEST, MOST)
            .next_power_of_two();
        let patience = FEWEST.max(count / SLOTS_OF_PATIENCE);
        Self {
            first: Vec::new(),
            slots: Vec::new(),
            count,
            patience,
            most_patience: 2 * patience,
        }
    }

    /// Makes the table, of what has come.
    #[cold]
    fn begin(&mut self) {
        self.slots.resize_with(self.count, || None);
        for (hash, known) in std::mem::take(&mut self.first) {
            let place = self.place(hash);
            self.slots[place + 1] = self.slots[place].replace(known);
        }
    }

    /// The first of the two slots of a string.
    #[inline]
    fn place(&self, hash: u64) -> usize {
        (hash >> (u64::BITS - self.count.trailing_zeros())) as usize & !1
    }

    /// What `known` gives for a string of this hash.
    #[inline]
    fn find<R>(&mut self, hash: u64, known: impl Fn(&T) -> Option<R>) -> Option<R> {
        let found = if self.slots.is_empty() {
            let equal = self.first.iter().filter(|(of, _)| *of == hash);
            equal.map(|(_, each)| each).find_map(known)?
        } else {
            let first = self.place(hash);
            let slots = &self.slots[first..first + 2];
            slots.iter().flatten().find_map(known)?
        };
        self.patience = (self.patience + 1).min(self.most_patience);
        Some(found)
    }

    /// Keeps a string that came for the first time, and gives the one that makes room
    /// for it.
    #[inline]
    fn keep(&mut self, hash: u64, new: T) -> Option<T> {
        self.patience = self.patience.saturating_sub(1);
        if self.slots.is_empty() {
            if self.first.len() < FEW {
                self.first.push((hash, new));
                return None;
            }
            self.begin();
        }
        let first = self.place(hash);
        let second = self.slots[first].replace(new);
        std::mem::replace(&mut self.slots[first + 1], second)
    }

    const fn is_worth_while(&self) -> bool {
        self.patience > 0
    }
}

/// The hash of a string that is read in a form: another one than in the other form.
#[inline]
fn hash_in(form: Form, content: &[u8]) -> u64 {
    match form {
        Form::Text => hash(content),
        Form::Bytes => !hash(content),
    }
}

/// Strings of a message of bytes, by what is in them.
pub struct Repeated {
    recent: Recent<Py<PyAny>>,
}

impl Repeated {
    /// Of a message that begins, which has so many bytes.
    pub fn new(length: usize) -> Self {
        Self {
            recent: Recent::new(length),
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
        let hash = hash_in(form, content);
        let known = self.recent.find(hash, |known| {
            let known = quiet.share(known);
            (form.content(&known) == Some(content)).then_some(known)
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let object = make()?;
        if form.content(&object).is_some() {
            let old = self.recent.keep(hash, object.clone().unbind());
            drop(old.map(|old| quiet.take(old)));
        }
        Ok(object)
    }

    /// Whether it is worth while to go on.
    pub const fn is_worth_while(&self) -> bool {
        self.recent.is_worth_while()
    }
}

/// Strings of a text, by how they stand in it: what is repeated is neither taken apart
/// from its escapes again nor decoded.
pub struct RepeatedTexts<'a> {
    recent: Recent<Quoted<'a>>,
}

/// A string between its quotes, and what was made of it.
struct Quoted<'a> {
    text: &'a [u8],
    object: Py<PyAny>,
}

/// A string that did not come before, and by what that which is made of it is kept.
pub struct Vacant<'a> {
    hash: u64,
    text: &'a [u8],
}

impl<'a> RepeatedTexts<'a> {
    /// Of a text that begins, which has so many bytes.
    pub fn new(length: usize) -> Self {
        Self {
            recent: Recent::new(length),
        }
    }

    /// The object that was made of an equal text; where there is none, what the
    /// one that is made now is kept by.
    #[inline]
    pub fn find<'py>(
        &mut self,
        quiet: &Quiet<'py>,
        form: Form,
        text: &'a [u8],
    ) -> Result<Bound<'py, PyAny>, Vacant<'a>> {
        let hash = hash_in(form, text);
        let known = self.recent.find(hash, |known| {
            same(known.text, text)
                .then(|| quiet.share(&known.object))
                .filter(|known| form.is_of(known))
        });
        known.ok_or(Vacant { hash, text })
    }

    /// Keeps what was made of a text; whether it is worth while to go on.
    pub fn keep<'py>(
        &mut self,
        quiet: &Quiet<'py>,
        Vacant { hash, text }: Vacant<'a>,
        object: &Bound<'py, PyAny>,
    ) -> bool {
        let object = object.clone().unbind();
        let old = self.recent.keep(hash, Quoted { text, object });
        drop(old.map(|old| quiet.take(old.object)));
        self.recent.is_worth_while()
    }
}
