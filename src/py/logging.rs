//! The core's log records in Python's `logging`, under `fastthrift`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

/// Connects the two, once, if the program uses `logging` at all: where it was
/// never imported nobody listens, and importing it would cost more than a
/// load.
pub fn install(py: Python<'_>) {
    static DONE: PyOnceLock<()> = PyOnceLock::new();
    if DONE.get(py).is_some() || !logging_is_imported(py).unwrap_or(false) {
        return;
    }
    DONE.get_or_init(py, || {
        let logger = pyo3_log::Logger::new(py, pyo3_log::Caching::Nothing);
        // Another logger may be there already when the crate is part of a
        // larger extension; then records go to that one.
        if let Ok(logger) = logger {
            let _ = logger.install();
        }
    });
}

fn logging_is_imported(py: Python<'_>) -> PyResult<bool> {
    let modules = py
        .import(intern!(py, "sys"))?
        .getattr(intern!(py, "modules"))?;
    modules.cast::<PyDict>()?.contains(intern!(py, "logging"))
}
