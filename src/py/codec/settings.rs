//! The options of protocols: one table, from which the settings of the codec
//! come, and the attributes of protocol objects and their factories.
//!
//! A new option is a default in [`default_text!`], a line of [`options!`], which
//! gives it its attribute and its place in a pickle, and a word in [`of_every_protocol!`];
//! then in the stub (`_core_protocol.pyi`) and in the protocol that is written in Python.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::wire::Limits;

/// Which protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The binary protocol.
    Binary,
    /// The compact protocol.
    Compact,
    /// Apache's JSON protocol.
    ApacheJson,
}

/// What a `string` becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strings {
    /// `str`, or `bytes` when it is not UTF-8.
    Lenient,
    /// `str`, and an error when it is not UTF-8.
    Strict,
    /// `str`, with U+FFFD in place of what is not UTF-8.
    Replaced,
    /// Always `bytes`.
    Bytes,
}

/// Options that are on or off, a bit each, so that they are read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flags(u8);

impl Flags {
    const fn has(self, flag: u8) -> bool {
        self.0 & (1 << flag) != 0
    }

    const fn with(self, flag: u8, on: bool) -> Self {
        Self(if on {
            self.0 | (1 << flag)
        } else {
            self.0 & !(1 << flag)
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
    /// What a `string` becomes.
    pub const fn strings(&self) -> Strings {
        match (self.decode_response(), self.strict_decode()) {
            (false, _) => Strings::Bytes,
            (true, false) => Strings::Lenient,
            (true, true) => Strings::Strict,
        }
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
            flags: Flags(self.flags.load(Relaxed)),
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
}

/// Gives a protocol or factory the options of another.
#[pyfunction]
pub fn copy_options(source: &Bound<'_, ProtocolSettings>, target: &Bound<'_, ProtocolSettings>) {
    target.get().set(source.get().get());
}

/// The default of an option as Python writes it: a literal, of which the texts of
/// signatures are made, too.
macro_rules! default_text {
    (strict_read) => {
        "True"
    };
    (strict_write) => {
        "True"
    };
    (decode_response) => {
        "True"
    };
    (strict_decode) => {
        "False"
    };
    (check_seqid) => {
        "True"
    };
    (max_depth) => {
        $crate::wire::default_depth!()
    };
    (max_string_size) => {
        $crate::wire::default_size!()
    };
    (max_message_size) => {
        $crate::wire::default_size!()
    };
}

pub(in crate::py) use default_text;

/// Hands a macro what it is given, and behind it the options by name only that every
/// protocol has, each with the method of [`Settings`] that sets it.
macro_rules! of_every_protocol {
    ($macro:ident! { $($given:tt)* }) => {
        $macro! {
            $($given)*
            (
                max_string_size / set_max_string_size: usize,
                max_message_size / set_max_message_size: usize,
                check_seqid / set_check_seqid: bool
            )
        }
    };
}

pub(in crate::py) use of_every_protocol;

/// Whether an option is on that Python writes so.
const fn is_on(text: &str) -> bool {
    matches!(text.as_bytes(), b"True")
}

macro_rules! options {
    (
        $($(#[doc = $flag_doc:literal])* $flag:ident / $set_flag:ident, bit $bit:literal;)*
        ---
        $($(#[doc = $doc:literal])* $name:ident / $set:ident: $type:ty, limit $place:ident;)*
    ) => {
        const NAMES: &[&str] = &[$(stringify!($flag),)* $(stringify!($name)),*];

        impl Settings {
            /// The defaults of a protocol.
            pub const fn new(dialect: Dialect) -> Self {
                let flags = Flags(0)$(.with($bit, is_on(default_text!($flag))))*;
                Self { dialect, flags, limits: Limits::DEFAULT }
            }

            $(
                $(#[doc = $flag_doc])*
                pub const fn $flag(&self) -> bool {
                    self.flags.has($bit)
                }

                #[doc = concat!("With another `", stringify!($flag), "`.")]
                pub const fn $set_flag(mut self, value: bool) -> Self {
                    self.flags = self.flags.with($bit, value);
                    self
                }
            )*

            $(
                $(#[doc = $doc])*
                pub const fn $name(&self) -> $type {
                    self.limits.$place
                }

                #[doc = concat!("With another `", stringify!($name), "`.")]
                pub const fn $set(mut self, value: $type) -> Self {
                    self.limits.$place = value;
                    self
                }
            )*
        }

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
                $(#[doc = $flag_doc])*
                #[getter]
                fn $flag(&self) -> bool {
                    self.get().$flag()
                }

                // The interpreter's lock is held: nobody else sets one meanwhile.
                #[setter]
                fn $set_flag(&self, value: bool) {
                    self.set(self.get().$set_flag(value));
                }
            )*

            $(
                $(#[doc = $doc])*
                #[getter]
                fn $name(&self) -> $type {
                    self.get().$name()
                }

                #[setter]
                fn $set(&self, value: $type) {
                    self.set(self.get().$set(value));
                }
            )*
        }
    };
}

options! {
    /// Whether messages must have a version (binary only).
    strict_read / set_strict_read, bit 0;
    /// Whether messages get a version (binary only).
    strict_write / set_strict_write, bit 1;
    /// Whether strings become str; bytes otherwise.
    decode_response / set_decode_response, bit 2;
    /// Whether a string that is not UTF-8 is an error; bytes otherwise.
    strict_decode / set_strict_decode, bit 3;
    /// Whether a client refuses a reply with another sequence id than its
    /// call's.
    check_seqid / set_check_seqid, bit 4;
    ---
    /// How deep structs and containers may nest.
    max_depth / set_max_depth: u32, limit depth;
    /// The longest string, in bytes.
    max_string_size / set_max_string_size: usize, limit string;
    /// The longest message, in bytes.
    max_message_size / set_max_message_size: usize, limit message;
}
