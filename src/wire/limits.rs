//! What a message may cost.

use super::error::{Error, ErrorKind, Result};

/// Bounds on one message, read or written. Sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep structs and containers may nest, the outermost included.
    pub depth: u32,
    /// The longest `string` or `binary`.
    pub string: usize,
    /// The longest message on a transport; also the most elements that one
    /// container may announce there. Memory has what it has.
    pub message: usize,
}

impl Limits {
    /// The nesting depth of Apache Thrift and thriftpy2.
    pub const DEFAULT_DEPTH: u32 = 64;
    /// 100 MiB.
    pub const DEFAULT_SIZE: usize = 100 << 20;
    /// The deepest nesting that can be asked for: every level costs native
    /// stack, and a thread may have little.
    pub const MAX_DEPTH: u32 = 512;
    /// What applies where nothing else is asked for.
    pub const DEFAULT: Self = Self {
        depth: Self::DEFAULT_DEPTH,
        string: Self::DEFAULT_SIZE,
        message: Self::DEFAULT_SIZE,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What is entered, and to do what; for the text of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nesting(&'static str);

impl Nesting {
    /// A struct, to read it.
    pub const READ_STRUCT: Self = Self("reading a Thrift struct");
    /// A list, set or map, to read it.
    pub const READ_CONTAINER: Self = Self("reading a Thrift container");
    /// A struct, to write it.
    pub const WRITE_STRUCT: Self = Self("writing a Thrift struct");
    /// A list, set or map, to write it.
    pub const WRITE_CONTAINER: Self = Self("writing a Thrift container");
    /// A struct, to pass over it.
    pub const SKIP_STRUCT: Self = Self("skipping a Thrift struct");
    /// A list, set or map, to pass over it.
    pub const SKIP_CONTAINER: Self = Self("skipping a Thrift container");
}

impl std::fmt::Display for Nesting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

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
