//! What a message may cost.

use super::error::{ErrorKind, Result};

/// Bounds on one message. Sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep structs and containers may nest, the outermost included.
    pub depth: u32,
    /// The longest `string` or `binary`.
    pub string: usize,
    /// The longest message read from a transport; also the most elements
    /// that one container may announce there.
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: Self::DEFAULT_DEPTH,
            string: Self::DEFAULT_SIZE,
            message: Self::DEFAULT_SIZE,
        }
    }
}

/// The one counter of nesting: levels that may still be entered.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    left: u32,
}

impl Depth {
    /// A counter that allows `limit` levels.
    #[must_use]
    pub const fn new(limit: u32) -> Self {
        let left = if limit < Limits::MAX_DEPTH {
            limit
        } else {
            Limits::MAX_DEPTH
        };
        Self { left }
    }

    /// Enters a struct or container.
    #[inline]
    pub fn enter(&mut self) -> Result<()> {
        if self.left == 0 {
            return Err(ErrorKind::Depth.into());
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
