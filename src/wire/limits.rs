//! What a message may cost.

/// The longest string and the largest container that the wire can express.
pub const MAX_SIZE: usize = i32::MAX as usize;

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

/// The nesting depth of Apache Thrift and thriftpy2: a literal, so that texts may
/// have it, too.
macro_rules! default_depth {
    () => {
        64
    };
}

/// 100 MiB: a literal, so that texts may have it, too.
macro_rules! default_size {
    () => {
        104_857_600
    };
}

#[allow(
    unused_imports,
    reason = "the rooms that write signatures are not always built"
)]
pub(crate) use {default_depth, default_size};

impl Limits {
    /// The nesting depth of Apache Thrift and thriftpy2.
    pub const DEFAULT_DEPTH: u32 = default_depth!();
    /// 100 MiB.
    pub const DEFAULT_SIZE: usize = default_size!();
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
