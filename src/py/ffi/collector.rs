//! The cyclic garbage collector.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;

/// Keeps the collector from starting by itself while this lives.
///
/// It starts by the number of new objects, and would look at each of them, and
/// at all others of the program, several times in the course of a load.
pub struct CollectorPause<'py> {
    py: Python<'py>,
    was_enabled: bool,
}

impl<'py> CollectorPause<'py> {
    /// Starts a pause.
    pub fn new(py: Python<'py>) -> Self {
        Self {
            py,
            // SAFETY: attached, as the argument proves.
            was_enabled: unsafe { ffi::PyGC_Disable() } != 0,
        }
    }

    /// A pause for native code that makes many objects, none of which can be
    /// garbage; none where it would change nothing: since 3.12 the collector
    /// starts between instructions of Python code only.
    #[inline]
    pub fn of_native_code(py: Python<'py>) -> Option<Self> {
        (!cfg!(Py_3_12)).then(|| Self::new(py))
    }

    /// Ends the pause, and puts what was made in it among the old objects,
    /// where it would come after two collections that find nothing: classes
    /// stay. `gc.freeze` and `gc.unfreeze` do that in no time, but would
    /// release what the program has frozen itself.
    pub fn end(self) -> PyResult<()> {
        let gc = self.py.import(intern!(self.py, "gc"))?;
        let new: (usize, usize, usize) =
            gc.call_method0(intern!(self.py, "get_count"))?.extract()?;
        let due: (usize, usize, usize) = gc
            .call_method0(intern!(self.py, "get_threshold"))?
            .extract()?;
        if !self.was_enabled || new.0 <= due.0 {
            return Ok(());
        }
        let frozen: usize = gc
            .call_method0(intern!(self.py, "get_freeze_count"))?
            .extract()?;
        if frozen == 0 {
            gc.call_method0(intern!(self.py, "freeze"))?;
            gc.call_method0(intern!(self.py, "unfreeze"))?;
        }
        Ok(())
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
