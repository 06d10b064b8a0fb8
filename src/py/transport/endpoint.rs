//! What to read from and write to natively.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{CyTransportBase, TBufferedTransport, TFramedTransport, TMemoryBuffer, TransportInput};
use crate::py::error;
use crate::py::ffi::{is_kind_of, lookup};
use crate::stream::{FRAME_HEADER, unsigned_length};
use crate::wire::{Input, Result};

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
        // The usual ones, known by one comparison each.
        if trans.is_exact_instance_of::<TMemoryBuffer>() {
            return Ok(Self::Memory(trans.cast()?));
        }
        if trans.is_exact_instance_of::<TBufferedTransport>() {
            return Ok(Self::Buffer(trans.cast()?));
        }
        if is_original::<TMemoryBuffer>(trans) {
            return Ok(Self::Memory(trans.cast()?));
        }
        if is_original::<TBufferedTransport>(trans) || is_original::<TFramedTransport>(trans) {
            return Ok(Self::Buffer(trans.cast()?));
        }
        Ok(Self::Foreign)
    }
}

/// Shows `look` the next frame, a length in 4 bytes and as many bytes, and
/// takes it where that gives something. What has not come is waited for.
///
/// None, and nothing was taken, where `look` gives none, where the frame is
/// longer than a limit, where memory or the frame of a framed transport has not
/// all of it, and from a foreign transport.
pub fn with_next_frame<T>(
    trans: &Bound<'_, PyAny>,
    limit: usize,
    look: impl FnOnce(&[u8]) -> Option<T>,
) -> PyResult<Option<T>> {
    match Endpoint::of(trans)? {
        Endpoint::Memory(memory) => {
            let (bytes, position) = memory.try_borrow_mut()?.take();
            let mut end = position;
            let looked = arrived_frame(&bytes[position..], limit).and_then(|frame| {
                let looked = look(frame)?;
                end += FRAME_HEADER + frame.len();
                Some(looked)
            });
            memory.try_borrow_mut()?.put_back(bytes, end);
            Ok(looked)
        }
        Endpoint::Buffer(base) => {
            let mut input = base.try_borrow_mut()?.take_input(trans.py(), usize::MAX);
            let looked = with_frame(&mut input, limit, look);
            base.try_borrow_mut()?.put_input_back(input);
            looked.map_err(|error| error::from_wire(trans.py(), error, None, ""))
        }
        Endpoint::Foreign => Ok(None),
    }
}

fn arrived_frame(bytes: &[u8], limit: usize) -> Option<&[u8]> {
    let (header, rest) = bytes.split_first_chunk::<FRAME_HEADER>()?;
    rest.get(..unsigned_length(*header, limit).ok()?)
}

fn with_frame<T>(
    input: &mut TransportInput<'_>,
    limit: usize,
    look: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>> {
    if input.frame_lacks(1) {
        input.wait_for(1)?;
    }
    if input.frame_lacks(FRAME_HEADER) {
        return Ok(None);
    }
    let header = input.wait_for(FRAME_HEADER)?;
    let size = header.first_chunk().map(|it| unsigned_length(*it, limit));
    let Some(Ok(size)) = size else {
        return Ok(None);
    };
    let end = FRAME_HEADER + size;
    // A message in two frames is rare, and nearly always a wrong length.
    if input.frame_lacks(end) {
        return Ok(None);
    }
    let Some(looked) = look(&input.wait_for(end)?[FRAME_HEADER..]) else {
        return Ok(None);
    };
    // It has arrived, so that nothing is waited for.
    input.discard(end)?;
    Ok(Some(looked))
}

/// How many bytes are left in the frame of the message that was read last;
/// none where it had none.
#[pyfunction]
pub fn rest_of_frame(trans: &Bound<'_, PyAny>) -> PyResult<usize> {
    match trans.cast::<TFramedTransport>() {
        Ok(framed) => Ok(framed.as_super().try_borrow()?.rest_of_frame()),
        Err(_) => Ok(0),
    }
}

/// Drops what is left of the frame of the message that was read last, where that
/// is one byte that ends a struct.
#[pyfunction]
pub fn pass_over_stop(trans: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(framed) = trans.cast::<TFramedTransport>() {
        framed.as_super().try_borrow_mut()?.pass_over_stop();
    }
    Ok(())
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
