//! Where a value ends that arrives in pieces, for asyncio.

use pyo3::prelude::*;
use pyo3::types::PyByteArray;

use super::base::{NativeProtocol, parts};
use super::jobs::wire_type;
use crate::py::codec::Dialect;
use crate::py::ffi;
use crate::stream::{Protocol, Scan, Target};

/// How many bytes are looked at first, and how many times as many each time
/// after that: the end of a small value is found without a look at all the
/// values behind it.
const FIRST_WINDOW: usize = 8192;
const GROWTH: usize = 4;

/// The search for the end of a value, or of a message's header, in bytes that
/// arrive in pieces.
#[pyclass(module = "fastthrift._core")]
pub struct ValueScan {
    scan: Scan,
    /// The end, or behind what is wrong.
    end: Option<usize>,
}

#[pymethods]
impl ValueScan {
    /// A search for the end of a value of a `TType`, in what the protocol
    /// writes with its options; without a type, for that of a header.
    #[new]
    fn new(protocol: &Bound<'_, NativeProtocol>, ttype: Option<u8>) -> PyResult<Self> {
        let (settings, _) = parts(protocol)?;
        let dialect = match settings.dialect {
            Dialect::Binary => Protocol::Binary {
                strict: settings.strict_read(),
            },
            Dialect::Compact => Protocol::Compact,
            Dialect::ApacheJson => Protocol::ApacheJson,
        };
        let part = match ttype {
            None => Some(Target::Header),
            // What is no type ends at once: the codec has the words for it.
            Some(ttype) => wire_type(ttype).ok().map(Target::Value),
        };
        Ok(Self {
            scan: Scan::new(dialect, part.unwrap_or(Target::Header), settings.limits),
            end: part.is_none().then_some(0),
        })
    }

    /// Looks on in all bytes that have arrived since the value's start: how
    /// many there must be before it can be whole. That many are there where
    /// the value is whole, or wrong.
    fn wanted(&mut self, arrived: &Bound<'_, PyByteArray>) -> usize {
        if let Some(end) = self.end {
            return end;
        }
        let length = arrived.len();
        let mut window = FIRST_WINDOW;
        while self.end.is_none() {
            // Only what was not looked at is copied, and not all that comes
            // behind the value.
            let start = self.scan.position().min(length);
            let seen = start.saturating_add(window).min(length);
            let piece = ffi::piece_of(arrived, start..seen);
            match self.scan.advance(start, &piece) {
                Ok(end) => self.end = end,
                Err(_) => self.end = Some(self.scan.wanted()),
            }
            if seen == length {
                break;
            }
            window = window.saturating_mul(GROWTH);
        }
        self.end.unwrap_or_else(|| self.scan.wanted())
    }
}
