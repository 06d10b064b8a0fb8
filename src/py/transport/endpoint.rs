//! What to read from and write to natively.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{CyTransportBase, TBufferedTransport, TFramedTransport, TMemoryBuffer};
use crate::py::ffi::{is_kind_of, lookup};

/// A transport as the codec goes about it, reading or writing.
pub enum Endpoint<'a, 'py> {
    /// Bytes in memory.
    Memory(&'a Bound<'py, TMemoryBuffer>),
    /// A buffer over another transport.
    Buffer(&'a Bound<'py, CyTransportBase>),
    /// Anything else, which is asked by its methods.
    Foreign,
}

impl<'a, 'py> Endpoint<'a, 'py> {
    /// What a transport is: native only where nobody has changed its methods.
    pub fn of(trans: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        if is_original::<TMemoryBuffer>(trans) {
            return Ok(Self::Memory(trans.cast()?));
        }
        if is_original::<TBufferedTransport>(trans) || is_original::<TFramedTransport>(trans) {
            return Ok(Self::Buffer(trans.cast()?));
        }
        Ok(Self::Foreign)
    }
}

/// Whether `object` is exactly of the native class `T` or of a Python
/// subclass that changes neither reading nor writing.
fn is_original<T: pyo3::PyTypeInfo>(object: &Bound<'_, PyAny>) -> bool {
    let py = object.py();
    let class = object.get_type();
    let native = T::type_object(py);
    if class.is(&native) {
        return true;
    }
    let same = |name: &str| {
        let name = PyString::new(py, name);
        match (lookup(&class, &name), lookup(&native, &name)) {
            (Some(ours), Some(theirs)) => ours.is(&theirs),
            _ => false,
        }
    };
    is_kind_of(object, &native) && ["read", "write", "flush", "clean"].into_iter().all(same)
}
