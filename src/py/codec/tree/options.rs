//! What plain data looks like, compiled from the words of the caller.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::wire::Limits;

/// One of the words that an option may be.
fn choose<T: Copy>(option: &str, word: &str, choices: &[(&str, T)]) -> PyResult<T> {
    if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == word) {
        return Ok(*choice);
    }
    let names: Vec<_> = choices
        .iter()
        .map(|(name, _)| format!("'{name}'"))
        .collect();
    let names = names.join(" or ");
    Err(PyValueError::new_err(format!(
        "{option} must be {names}, not '{word}'"
    )))
}

/// How values become plain data.
#[derive(Clone, Copy, Debug)]
pub struct DumpOptions {
    /// Whether enums are named.
    pub enum_names: bool,
    /// Whether fields that are not set are there, as None.
    pub nulls: bool,
    /// Whether `binary` is text, in base64.
    pub base64: bool,
    /// Whether sets are sets of Python.
    pub sets: bool,
    /// Whether keys of maps are text.
    pub text_keys: bool,
    /// Whether doubles may be no numbers.
    pub nan: bool,
    /// Whether it is of thriftpy2's JSON protocol: maps are lists of objects
    /// with a `key` and a `value`.
    pub thriftpy: bool,
    /// Whether that protocol takes what stands for a value of a type, of which
    /// it has ideas of its own; otherwise all values have to be of the very
    /// type that Python has for their kind.
    pub any: bool,
    /// The bounds on what is written.
    pub limits: Limits,
}

impl DumpOptions {
    /// The options of `to_dict`.
    pub fn of_dict(
        enums: &str,
        unset: &str,
        binary: &str,
        sets: &str,
        keys: &str,
        limits: Limits,
    ) -> PyResult<Self> {
        Ok(Self {
            base64: choose("binary", binary, &[("bytes", false), ("base64", true)])?,
            sets: choose("sets", sets, &[("list", false), ("set", true)])?,
            text_keys: choose("keys", keys, &[("keep", false), ("str", true)])?,
            ..Self::of_json(enums, unset, true, limits)?
        })
    }

    /// The options of `to_json`.
    pub fn of_json(enums: &str, unset: &str, nan: bool, limits: Limits) -> PyResult<Self> {
        Ok(Self {
            enum_names: choose("enums", enums, &[("number", false), ("name", true)])?,
            nulls: choose("unset", unset, &[("omit", false), ("null", true)])?,
            base64: true,
            sets: false,
            text_keys: true,
            nan,
            thriftpy: false,
            any: false,
            limits,
        })
    }

    /// The options of thriftpy2's JSON protocol.
    pub fn of_thriftpy(any: bool, limits: Limits) -> Self {
        Self {
            enum_names: false,
            nulls: false,
            base64: true,
            sets: false,
            text_keys: true,
            nan: true,
            thriftpy: true,
            any,
            limits,
        }
    }

    /// Whether a value that is not as usual is for [`Self::any`].
    pub fn usual_only(&self) -> bool {
        self.thriftpy && !self.any
    }
}

/// What thriftpy2's JSON protocol makes of a text.
#[derive(Clone, Copy, Debug)]
pub struct AnyText {
    /// Whether it is a `str`; bytes otherwise.
    pub decode: bool,
    /// Whether half of a surrogate pair is an error.
    pub strict: bool,
}

/// How plain data becomes values.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions {
    /// Whether keys that are no field are passed over.
    pub ignore_unknown: bool,
    /// Whether doubles may be no numbers.
    pub nan: bool,
    /// Whether it is of thriftpy2's JSON protocol, as for [`DumpOptions`].
    pub thriftpy: bool,
    /// Whether that protocol takes what stands for a value of a type, and keeps
    /// the default of a field whose value stands for none.
    pub any: Option<AnyText>,
    /// Whether a program gives the data to that protocol by itself: what stands
    /// for no value of its type is an error then, and a map may be a dict.
    pub given: bool,
    /// The bounds on what is read.
    pub limits: Limits,
}

impl BuildOptions {
    /// The options of `from_dict` and `from_json`.
    pub fn new(unknown: &str, nan: bool, limits: Limits) -> PyResult<Self> {
        Ok(Self {
            ignore_unknown: choose("unknown", unknown, &[("error", false), ("ignore", true)])?,
            nan,
            thriftpy: false,
            any: None,
            given: false,
            limits,
        })
    }

    /// The options of thriftpy2's JSON protocol.
    pub fn of_thriftpy(any: Option<AnyText>, limits: Limits) -> Self {
        Self {
            ignore_unknown: true,
            nan: true,
            thriftpy: true,
            any,
            given: false,
            limits,
        }
    }

    /// The options of data that a program gives to thriftpy2's JSON protocol.
    pub fn of_given(limits: Limits) -> Self {
        let text = AnyText {
            decode: true,
            strict: false,
        };
        Self {
            given: true,
            ..Self::of_thriftpy(Some(text), limits)
        }
    }

    /// Whether a field whose value stands for none keeps its default.
    pub fn skips_mistyped(&self) -> bool {
        self.any.is_some() && !self.given
    }

    /// Whether data that is not as usual is for [`Self::any`].
    pub fn usual_only(&self) -> bool {
        self.thriftpy && self.any.is_none()
    }
}
