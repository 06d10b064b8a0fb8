//! The cyclic garbage collector.

use pyo3::ffi;
use pyo3::prelude::*;

/// Keeps the collector from starting by itself while this lives.
///
/// What a load makes stays. The collector starts by the number of new objects,
/// and would look at each of them, and at all others of the program, several
/// times on the way. It makes up for it at the next allocation after this.
pub struct CollectorPause<'py> {
    _attached: Python<'py>,
    was_enabled: bool,
}

impl<'py> CollectorPause<'py> {
    /// Starts a pause.
    pub fn new(py: Python<'py>) -> Self {
        Self {
            _attached: py,
            // SAFETY: attached, as the argument proves.
            was_enabled: unsafe { ffi::PyGC_Disable() } != 0,
        }
    }
}

impl Drop for CollectorPause<'_> {
    fn drop(&mut self) {
        if self.was_enabled {
            // SAFETY: attached, as the field proves.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}
