//! Where in the text a value stands, which decides what comes before it.

use crate::wire::limits::Limits;

/// The place of the next value or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// In a struct or container whose opening bracket is not there yet.
    Opening,
    /// A value of a field, or one with nothing around it.
    Field,
    /// An element of a list or set.
    Element,
    /// The first key of a map.
    FirstKey,
    /// A key after an entry.
    Key,
    /// The value of an entry.
    Value,
}

/// One level for each that may be entered, and one around all.
const LEVELS: usize = Limits::MAX_DEPTH as usize + 1;

/// The places in what is open.
#[derive(Debug)]
pub struct Contexts {
    levels: [Context; LEVELS],
    level: usize,
}

impl Contexts {
    /// Nothing is open.
    pub const fn new() -> Self {
        Self {
            levels: [Context::Field; LEVELS],
            level: 0,
        }
    }

    /// The place in what was opened last.
    #[inline]
    pub fn top(&self) -> Context {
        self.levels[self.level]
    }

    /// Goes on to another place.
    #[inline]
    pub fn set(&mut self, context: Context) {
        self.levels[self.level] = context;
    }

    /// Opens a level, of which the counter of nesting has allowed as many as
    /// there are.
    #[inline]
    pub fn push(&mut self) {
        self.level = (self.level + 1).min(LEVELS - 1);
        self.set(Context::Opening);
    }

    /// Closes the level opened last.
    #[inline]
    pub fn pop(&mut self) {
        self.level = self.level.saturating_sub(1);
    }

    /// How many levels are open.
    #[inline]
    pub fn open(&self) -> usize {
        self.level
    }
}
