//! The extension module `fastthrift._core`.
use pyo3::prelude::*;

#[pymodule]
mod _core {}
