//! How deep a message may nest.

use super::error::{Error, ErrorKind, Nesting, Result};
use super::limits::Limits;

/// The one counter of nesting: levels that may still be entered.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    left: u32,
    limit: u32,
}

impl Depth {
    /// A counter that allows `limit` levels.
    #[must_use]
    pub const fn new(limit: u32) -> Self {
        let limit = if limit < Limits::MAX_DEPTH {
            limit
        } else {
            Limits::MAX_DEPTH
        };
        Self { left: limit, limit }
    }

    /// Enters a struct or container; `what` ends the error's text.
    #[inline]
    pub fn enter(&mut self, what: Nesting) -> Result<()> {
        if self.left == 0 {
            return Err(too_deep(what, self.limit));
        }
        self.left -= 1;
        Ok(())
    }

    /// Whether so many levels more can be entered.
    #[inline]
    pub(super) const fn has_levels(self, levels: u32) -> bool {
        self.left >= levels
    }

    /// Enters levels, if they can be.
    #[inline]
    pub(super) const fn enter_levels(&mut self, levels: u32) -> bool {
        let can = self.left >= levels;
        if can {
            self.left -= levels;
        }
        can
    }

    /// Leaves levels.
    #[inline]
    pub(super) const fn leave_levels(&mut self, levels: u32) {
        self.left += levels;
    }

    /// Leaves the struct or container entered last.
    #[inline]
    pub fn leave(&mut self) {
        self.left += 1;
    }
}

#[cold]
fn too_deep(what: Nesting, limit: u32) -> Error {
    ErrorKind::Depth { what, limit }.into()
}
