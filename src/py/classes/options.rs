//! What classes that are made of a schema are like.

use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::names::Naming;

/// What Python has for the values of an enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnumValues {
    /// Ints, which are attributes of a plain class.
    Ints,
    /// Members of an `enum.IntEnum`.
    Members,
}

/// What Python has for a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetValues {
    /// A list, as thriftpy2.
    Lists,
    /// A set.
    Sets,
}

/// The options of `load` that make other classes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassOptions {
    /// How attributes are called.
    pub naming: Naming,
    /// What the values of enums are.
    pub enums: EnumValues,
    /// What sets are.
    pub sets: SetValues,
    /// Whether structs are checked as a whole when they are written and read.
    pub strict: bool,
    /// Whether structs cannot be changed.
    pub frozen: bool,
    /// Whether objects keep fields that their file does not know.
    pub keep_unknown: bool,
}

impl ClassOptions {
    /// The classes that thriftpy2 makes.
    pub fn usual(naming: Naming) -> Self {
        Self {
            naming,
            enums: EnumValues::Ints,
            sets: SetValues::Lists,
            strict: false,
            frozen: false,
            keep_unknown: false,
        }
    }

    /// Takes what `load` was given: a dict of those that are not as usual.
    pub fn of_dict(naming: Naming, given: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut options = Self::usual(naming);
        for (name, value) in given.into_iter().flatten() {
            let (name, value) = (name.str()?, value.str()?);
            match (name.to_str()?, value.to_str()?) {
                ("enums", "int_enum") => options.enums = EnumValues::Members,
                ("sets", "set") => options.sets = SetValues::Sets,
                ("strict", "True") => options.strict = true,
                ("frozen", "True") => options.frozen = true,
                ("keep_unknown", "True") => options.keep_unknown = true,
                _ => {
                    let message = format!("there is no option {name}={value} of load()");
                    return Err(PyValueError::new_err(message));
                }
            }
        }
        Ok(options)
    }

    /// Those that are not as usual, by what `load` calls them and without what
    /// names are called; none where all are.
    pub fn dict(self, py: Python<'_>) -> PyResult<Option<Bound<'_, PyDict>>> {
        if self == Self::usual(self.naming) {
            return Ok(None);
        }
        let dict = PyDict::new(py);
        if self.enums == EnumValues::Members {
            dict.set_item("enums", "int_enum")?;
        }
        if self.sets == SetValues::Sets {
            dict.set_item("sets", "set")?;
        }
        if self.strict {
            dict.set_item("strict", true)?;
        }
        if self.frozen {
            dict.set_item("frozen", true)?;
        }
        if self.keep_unknown {
            dict.set_item("keep_unknown", true)?;
        }
        Ok(Some(dict))
    }

    /// What tells a file from others for what is made of it: with other options it
    /// is other classes.
    pub fn identity(self, file: PathBuf) -> PathBuf {
        let mut file = self.naming.identity(file);
        if self != Self::usual(self.naming) {
            let Self {
                enums,
                sets,
                strict,
                frozen,
                keep_unknown,
                ..
            } = self;
            let suffix = format!(
                "?enums={enums:?}&sets={sets:?}&strict={strict}&frozen={frozen}\
                 &keep_unknown={keep_unknown}"
            );
            file.as_mut_os_string().push(suffix);
        }
        file
    }
}
