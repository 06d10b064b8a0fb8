//! The options of protocols, shared by the factories and what they make.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::decode::Text;
use crate::wire::Limits;

/// Which protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The binary protocol.
    Binary,
    /// The compact protocol.
    Compact,
}

/// Options that are on or off, a bit each, so that they are read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flags(u8);

impl Flags {
    const STRICT_READ: Self = Self(1);
    const STRICT_WRITE: Self = Self(1 << 1);
    const DECODE_RESPONSE: Self = Self(1 << 2);
    const STRICT_DECODE: Self = Self(1 << 3);
    const CHECK_SEQID: Self = Self(1 << 4);

    const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    const fn with(self, flag: Self, on: bool) -> Self {
        Self(if on {
            self.0 | flag.0
        } else {
            self.0 & !flag.0
        })
    }
}

/// The options of a protocol.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Which protocol.
    pub dialect: Dialect,
    flags: Flags,
    /// The bounds on a message.
    pub limits: Limits,
}

impl Settings {
    /// The defaults of a protocol.
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            flags: Flags(0),
            limits: Limits::DEFAULT,
        }
        .strict(true, true)
        .strings(true, false)
        .sequence_ids(true)
    }

    /// With or without versions on messages (binary only).
    pub const fn strict(mut self, read: bool, write: bool) -> Self {
        self.flags = self.flags.with(Flags::STRICT_READ, read);
        self.flags = self.flags.with(Flags::STRICT_WRITE, write);
        self
    }

    /// With strings as these two options of thriftpy2 mean them.
    pub const fn strings(mut self, decode_response: bool, strict_decode: bool) -> Self {
        self.flags = self.flags.with(Flags::DECODE_RESPONSE, decode_response);
        self.flags = self.flags.with(Flags::STRICT_DECODE, strict_decode);
        self
    }

    /// With clients that refuse a reply which does not carry the sequence id
    /// of its call, or without.
    pub const fn sequence_ids(mut self, check: bool) -> Self {
        self.flags = self.flags.with(Flags::CHECK_SEQID, check);
        self
    }

    /// With bounds.
    pub const fn limited(mut self, depth: u32, string: usize, message: usize) -> Self {
        self.limits = Limits {
            depth,
            string,
            message,
        };
        self
    }

    /// Whether messages must have a version (binary only).
    pub const fn strict_read(&self) -> bool {
        self.flags.has(Flags::STRICT_READ)
    }

    /// Whether messages get a version (binary only).
    pub const fn strict_write(&self) -> bool {
        self.flags.has(Flags::STRICT_WRITE)
    }

    /// What a string becomes.
    pub fn text(&self) -> Text {
        Text::new(
            self.flags.has(Flags::DECODE_RESPONSE),
            self.flags.has(Flags::STRICT_DECODE),
        )
    }
}

/// The options as attributes: the base of protocols and factories.
///
/// Every encode and decode reads them, so they are plain loads: no borrow is
/// counted, as it would be for an object that can be borrowed mutably.
#[pyclass(frozen, subclass, dict, weakref, module = "fastthrift._core")]
pub struct ProtocolSettings {
    dialect: Dialect,
    flags: AtomicU8,
    depth: AtomicU32,
    string: AtomicUsize,
    message: AtomicUsize,
}

impl ProtocolSettings {
    /// An object with these options.
    pub const fn new(settings: Settings) -> Self {
        Self {
            dialect: settings.dialect,
            flags: AtomicU8::new(settings.flags.0),
            depth: AtomicU32::new(settings.limits.depth),
            string: AtomicUsize::new(settings.limits.string),
            message: AtomicUsize::new(settings.limits.message),
        }
    }

    /// The options as they are now.
    #[inline]
    pub fn get(&self) -> Settings {
        Settings {
            dialect: self.dialect,
            flags: self.flags(),
            limits: Limits {
                depth: self.depth.load(Relaxed),
                string: self.string.load(Relaxed),
                message: self.message.load(Relaxed),
            },
        }
    }

    /// Sets all options but the protocol.
    pub fn set(&self, settings: Settings) {
        self.flags.store(settings.flags.0, Relaxed);
        self.depth.store(settings.limits.depth, Relaxed);
        self.string.store(settings.limits.string, Relaxed);
        self.message.store(settings.limits.message, Relaxed);
    }

    #[inline]
    fn flags(&self) -> Flags {
        Flags(self.flags.load(Relaxed))
    }

    fn set_flag(&self, flag: Flags, on: bool) {
        // The interpreter's lock is held: nobody else sets one meanwhile.
        self.flags.store(self.flags().with(flag, on).0, Relaxed);
    }
}

macro_rules! attributes {
    (
        $($(#[$flag_doc:meta])* $flag_name:ident / $set_flag:ident: bool = $flag:ident;)*
        ---
        $($(#[$doc:meta])* $name:ident / $set:ident: $type:ty = $place:ident;)*
    ) => {
        const NAMES: &[&str] = &[$(stringify!($flag_name),)* $(stringify!($name)),*];

        #[pymethods]
        impl ProtocolSettings {
            /// The options and other attributes, for copy and pickle.
            fn __getstate__<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
                let state = PyDict::new(this.py());
                state.update(this.getattr("__dict__")?.cast()?)?;
                for name in NAMES {
                    state.set_item(name, this.getattr(*name)?)?;
                }
                Ok(state)
            }

            fn __setstate__(this: &Bound<'_, Self>, state: &Bound<'_, PyDict>) -> PyResult<()> {
                for (name, value) in state {
                    this.setattr(name.cast::<PyString>()?, value)?;
                }
                Ok(())
            }

            $(
                $(#[$flag_doc])*
                #[getter]
                fn $flag_name(&self) -> bool {
                    self.flags().has(Flags::$flag)
                }

                #[setter]
                fn $set_flag(&self, value: bool) {
                    self.set_flag(Flags::$flag, value);
                }
            )*

            $(
                $(#[$doc])*
                #[getter]
                fn $name(&self) -> $type {
                    self.$place.load(Relaxed)
                }

                #[setter]
                fn $set(&self, value: $type) {
                    self.$place.store(value, Relaxed);
                }
            )*
        }
    };
}

attributes! {
    /// Whether messages must have a version (binary only).
    strict_read / set_strict_read: bool = STRICT_READ;
    /// Whether messages get a version (binary only).
    strict_write / set_strict_write: bool = STRICT_WRITE;
    /// Whether strings become str; bytes otherwise.
    decode_response / set_decode_response: bool = DECODE_RESPONSE;
    /// Whether a string that is not UTF-8 is an error; bytes otherwise.
    strict_decode / set_strict_decode: bool = STRICT_DECODE;
    /// Whether a client refuses a reply with another sequence id than its
    /// call's.
    check_seqid / set_check_seqid: bool = CHECK_SEQID;
    ---
    /// How deep structs and containers may nest.
    max_depth / set_max_depth: u32 = depth;
    /// The longest string, in bytes.
    max_string_size / set_max_string_size: usize = string;
    /// The longest message, in bytes.
    max_message_size / set_max_message_size: usize = message;
}
