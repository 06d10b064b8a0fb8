//! The options with which the file of a class was loaded, as far as the codec does
//! something else by them.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

/// What a class says in `__thrift_options__`.
#[derive(Clone, Copy, Default)]
pub struct PlanOptions {
    /// Whether sets are sets, and not lists.
    pub sets: bool,
    /// Whether structs are looked at as a whole when they are written and read.
    pub strict: bool,
    /// Whether objects keep fields that their file does not know.
    pub keep_unknown: bool,
}

impl PlanOptions {
    /// The options of a class.
    pub fn of(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let py = class.py();
        let options = class.getattr_opt(intern!(py, "__thrift_options__"))?;
        let Some(Ok(options)) = options.map(Bound::cast_into::<PyDict>) else {
            return Ok(Self::default());
        };
        Ok(Self {
            sets: options.contains(intern!(py, "sets"))?,
            strict: options.contains(intern!(py, "strict"))?,
            keep_unknown: options.contains(intern!(py, "keep_unknown"))?,
        })
    }
}
