//! What Python needs to send and to wait itself: see
//! `fastthrift/_calls/wait.py`.

use std::os::fd::RawFd;

use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{CyTransportBase, TBufferedTransport, TFramedTransport};
use crate::py::ffi;

type WaitSource<'py> = (Bound<'py, CyTransportBase>, Bound<'py, PyAny>, usize);

/// More transports than anybody puts one above the other: so many are a circle, of
/// one that is its own `trans`.
const MOST_LAYERS: usize = 100;

/// Where the next bytes come from, when `trans` is native and has none left:
/// the innermost native transport, the one below it, and how many bytes to
/// ask that for.
#[pyfunction]
pub fn source_below<'py>(trans: &Bound<'py, PyAny>) -> PyResult<Option<WaitSource<'py>>> {
    let mut trans = trans.clone();
    let mut source = None;
    for _ in 0..MOST_LAYERS {
        let Ok(native) = trans.cast_into::<CyTransportBase>() else {
            return Ok(source);
        };
        let (pending, below, size) = native.try_borrow_mut()?.source(native.py())?;
        if pending > 0 {
            return Ok(None);
        }
        trans = below.clone();
        source = Some((native, below, size));
    }
    // Reading tells what is wrong.
    Ok(None)
}

/// How that begins, in `most` bytes, which `trans` or a native transport below
/// it has read ahead and not given; none where they have nothing.
#[pyfunction]
pub fn start_of_arrived<'py>(
    trans: &Bound<'py, PyAny>,
    most: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = trans.py();
    let mut trans = trans.clone();
    for _ in 0..MOST_LAYERS {
        let Ok(native) = trans.cast_into::<CyTransportBase>() else {
            break;
        };
        let native = native.try_borrow()?;
        let arrived = native.arrived();
        if !arrived.is_empty() {
            return Ok(PyBytes::new(py, &arrived[..most.min(arrived.len())]));
        }
        trans = native.below(py).0;
    }
    Ok(PyBytes::new(py, b""))
}

/// What to write to a transport, if anything, and the transport, which then
/// has to be flushed.
pub type ToSend<'py> = (Option<Bound<'py, PyBytes>>, Bound<'py, PyAny>);

/// The transport below a buffered one that holds nothing to be sent: what a
/// flush would send next may as well go there itself.
pub fn below_empty_buffer<'py>(trans: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = trans.py();
    if !trans.is_exact_instance_of::<TBufferedTransport>()
        || !ffi::has_original_methods(trans, &[intern!(py, "write"), intern!(py, "flush")])?
    {
        return Ok(None);
    }
    let base = trans.cast::<CyTransportBase>()?;
    let base = base.try_borrow()?;
    Ok(base.is_flushed().then(|| base.below(py).0))
}

/// Takes what was written to `trans`, for the transport below; where `trans`
/// is not native it is left to its own flush.
#[pyfunction]
pub fn take_output(trans: Bound<'_, PyAny>) -> PyResult<ToSend<'_>> {
    let ours = trans.is_exact_instance_of::<TBufferedTransport>()
        || trans.is_exact_instance_of::<TFramedTransport>();
    if ours
        && ffi::has_original_methods(&trans, &[intern!(trans.py(), "flush")])?
        && let Some((output, below)) = CyTransportBase::take_output(trans.cast()?)?
    {
        return Ok(((!output.as_bytes().is_empty()).then_some(output), below));
    }
    Ok((None, trans))
}

/// How many bytes are sent with the interpreter's lock.
const A_FEW: usize = 1 << 16;

/// Sends what a socket takes without waiting, and tells how many bytes that
/// were.
///
/// Of a few bytes the interpreter's lock is kept: among many threads getting it
/// back takes longer than sending.
#[pyfunction]
pub fn send_at_once(py: Python<'_>, descriptor: RawFd, data: &[u8]) -> PyResult<usize> {
    let sent = if data.len() > A_FEW {
        py.detach(|| ffi::send_at_once(descriptor, data))
    } else {
        ffi::send_at_once(descriptor, data)
    };
    sent.map_err(|error| PyOSError::new_err(ffi::system_error(&error)))
}

/// Ends a connection in both directions, unless something has arrived that was
/// not read: the system refuses what arrives later. Whether it has ended.
#[pyfunction]
pub fn end_unless_arrived(descriptor: RawFd) -> bool {
    ffi::end_unless_arrived(descriptor)
}
