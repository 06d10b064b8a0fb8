//! Which protocols are as this package made them, so that native code stands
//! in for their methods.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::apache_json::{self, TApacheJSONProtocol};
use super::base::parts;
use super::native::{TBinaryProtocol, TCompactProtocol};
use crate::py::codec::{Dialect, Settings};
use crate::py::ffi;

/// What to read a message with in place of the methods of a protocol; none
/// unless it is one of ours, with its own methods.
pub fn original_reader<'py>(
    protocol: &Bound<'py, PyAny>,
) -> PyResult<Option<(Settings, Bound<'py, PyAny>)>> {
    let py = protocol.py();
    let found = original(
        protocol,
        [
            intern!(py, "read_message_begin"),
            intern!(py, "read_struct"),
            intern!(py, "read_message_end"),
        ],
    )?;
    match found {
        Some((settings, _)) if settings.dialect == Dialect::ApacheJson => {
            // What is left to read is for the methods of the protocol.
            let message = apache_json::next_message(protocol.cast()?)?;
            Ok(Some((settings, message.into_any())))
        }
        found => Ok(found),
    }
}

/// What to write a message with in place of the methods of a protocol; none
/// unless it is one of ours, with its own methods.
pub fn original_writer<'py>(
    protocol: &Bound<'py, PyAny>,
) -> PyResult<Option<(Settings, Bound<'py, PyAny>)>> {
    let py = protocol.py();
    original(
        protocol,
        [
            intern!(py, "write_message_begin"),
            intern!(py, "write_struct"),
            intern!(py, "write_message_end"),
        ],
    )
    .and_then(|found| match found {
        Some((settings, _))
            if settings.dialect == Dialect::ApacheJson
                && apache_json::has_header(protocol.cast()?)? =>
        {
            Ok(None)
        }
        found => Ok(found),
    })
}

fn original<'py>(
    protocol: &Bound<'py, PyAny>,
    methods: [&Bound<'py, PyString>; 3],
) -> PyResult<Option<(Settings, Bound<'py, PyAny>)>> {
    let ours = protocol.is_exact_instance_of::<TBinaryProtocol>()
        || protocol.is_exact_instance_of::<TCompactProtocol>()
        || protocol.is_exact_instance_of::<TApacheJSONProtocol>();
    if !ours || !ffi::has_original_methods(protocol, &methods)? {
        return Ok(None);
    }
    parts(protocol.cast()?).map(Some)
}
