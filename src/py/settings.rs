//! The options of protocols, shared by the factories and what they make.

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
#[pyclass(subclass, dict, weakref, module = "fastthrift._core")]
pub struct ProtocolSettings {
    pub settings: Settings,
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident / $set:ident: $type:ty = $($path:ident).+;)*) => {
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
                    self.settings.$($path).+
                }

                #[setter]
                fn $set(&mut self, value: $type) {
                    self.settings.$($path).+ = value;
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
    max_depth / set_max_depth: u32 = limits.depth;
    /// The longest string, in bytes.
    max_string_size / set_max_string_size: usize = limits.string;
    /// The longest message, in bytes.
    max_message_size / set_max_message_size: usize = limits.message;
}
