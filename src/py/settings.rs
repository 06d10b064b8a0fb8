//! The options of protocols, shared by the factories and what they make.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};

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

/// The options of a protocol.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Which protocol.
    pub dialect: Dialect,
    /// Whether messages must have a version (binary only).
    pub strict_read: bool,
    /// Whether messages get a version (binary only).
    pub strict_write: bool,
    /// Whether strings become `str`.
    pub decode_response: bool,
    /// Whether strings must be UTF-8.
    pub strict_decode: bool,
    /// The bounds on a message.
    pub limits: Limits,
}

impl Settings {
    /// The defaults of a protocol.
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            strict_read: true,
            strict_write: true,
            decode_response: true,
            strict_decode: false,
            limits: Limits::DEFAULT,
        }
    }

    /// With or without versions on messages.
    pub const fn strict(mut self, read: bool, write: bool) -> Self {
        self.strict_read = read;
        self.strict_write = write;
        self
    }

    /// With strings as these two options of thriftpy2 mean them.
    pub const fn strings(mut self, decode_response: bool, strict_decode: bool) -> Self {
        self.decode_response = decode_response;
        self.strict_decode = strict_decode;
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

    /// What a string becomes.
    pub fn text(&self) -> Text {
        Text::new(self.decode_response, self.strict_decode)
    }
}

/// The options as attributes: the base of protocols and factories.
///
/// Every encode and decode reads them, so they are plain loads: no borrow is
/// counted, as it would be for an object that can be borrowed mutably.
#[pyclass(frozen, subclass, dict, weakref, module = "fastthrift._core")]
pub struct ProtocolSettings {
    dialect: Dialect,
    strict_read: AtomicBool,
    strict_write: AtomicBool,
    decode_response: AtomicBool,
    strict_decode: AtomicBool,
    depth: AtomicU32,
    string: AtomicUsize,
    message: AtomicUsize,
}

impl ProtocolSettings {
    /// An object with these options.
    pub const fn new(settings: Settings) -> Self {
        Self {
            dialect: settings.dialect,
            strict_read: AtomicBool::new(settings.strict_read),
            strict_write: AtomicBool::new(settings.strict_write),
            decode_response: AtomicBool::new(settings.decode_response),
            strict_decode: AtomicBool::new(settings.strict_decode),
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
            strict_read: self.strict_read.load(Relaxed),
            strict_write: self.strict_write.load(Relaxed),
            decode_response: self.decode_response.load(Relaxed),
            strict_decode: self.strict_decode.load(Relaxed),
            limits: Limits {
                depth: self.depth.load(Relaxed),
                string: self.string.load(Relaxed),
                message: self.message.load(Relaxed),
            },
        }
    }

    /// Sets all options but the protocol.
    pub fn set(&self, settings: Settings) {
        self.strict_read.store(settings.strict_read, Relaxed);
        self.strict_write.store(settings.strict_write, Relaxed);
        self.decode_response
            .store(settings.decode_response, Relaxed);
        self.strict_decode.store(settings.strict_decode, Relaxed);
        self.depth.store(settings.limits.depth, Relaxed);
        self.string.store(settings.limits.string, Relaxed);
        self.message.store(settings.limits.message, Relaxed);
    }
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident / $set:ident: $type:ty = $place:ident;)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

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
    strict_read / set_strict_read: bool = strict_read;
    /// Whether messages get a version (binary only).
    strict_write / set_strict_write: bool = strict_write;
    /// Whether strings become str; bytes otherwise.
    decode_response / set_decode_response: bool = decode_response;
    /// Whether a string that is not UTF-8 is an error; bytes otherwise.
    strict_decode / set_strict_decode: bool = strict_decode;
    /// How deep structs and containers may nest.
    max_depth / set_max_depth: u32 = depth;
    /// The longest string, in bytes.
    max_string_size / set_max_string_size: usize = string;
    /// The longest message, in bytes.
    max_message_size / set_max_message_size: usize = message;
}
