//! What to read from and write to natively.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{CyTransportBase, TBufferedTransport, TFramedTransport, TMemoryBuffer};
use crate::py::error;
use crate::py::ffi::{is_kind_of, lookup};
use crate::stream::{FRAME_HEADER, unsigned_length};
use crate::wire::Input;

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

/// Shows `look` the bytes of the next frame, a length in 4 bytes and as many
/// bytes, where all of it has arrived; then it is taken. None where it has not,
/// where it is longer than a limit, and from a foreign transport.
pub fn with_arrived_frame<T>(
    trans: &Bound<'_, PyAny>,
    limit: usize,
    look: impl FnOnce(&[u8]) -> T,
) -> PyResult<Option<T>> {
    let arrived = |bytes: &[u8]| {
        let (header, rest) = bytes.split_first_chunk::<FRAME_HEADER>()?;
        let size = unsigned_length(*header, limit).ok()?;
        (size <= rest.len()).then_some(FRAME_HEADER + size)
    };
    match Endpoint::of(trans)? {
        Endpoint::Memory(memory) => {
            let (bytes, position) = memory.try_borrow_mut()?.take();
            let found = arrived(&bytes[position..]).map(|end| position + end);
            let looked = found.map(|end| look(&bytes[position + FRAME_HEADER..end]));
            let end = found.unwrap_or(position);
            memory.try_borrow_mut()?.put_back(bytes, end);
            Ok(looked)
        }
        Endpoint::Buffer(base) => {
            let mut input = base.try_borrow_mut()?.take_input(trans.py(), usize::MAX);
            let found = arrived(input.buffered());
            let looked = found.map(|end| look(&input.buffered()[FRAME_HEADER..end]));
            // It has arrived, so that nothing is waited for.
            let taken = found.map_or(Ok(()), |end| input.discard(end));
            base.try_borrow_mut()?.put_input_back(input);
            let failed = |error| error::from_wire(trans.py(), error, None, "");
            taken.map_err(failed)?;
            Ok(looked)
        }
        Endpoint::Foreign => Ok(None),
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
