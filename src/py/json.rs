//! What JSON text is asked before it is parsed.

use pyo3::prelude::*;

use super::ffi;
use crate::wire;

/// What the default depth of 64 may take of JSON: `json` needs less of the
/// stack for a level than the codec does.
const GRANTED: u32 = 200;

/// Whether the brackets of JSON text nest deeper than `levels`.
///
/// `json` parses by recursion, and a hostile text may nest deeper than the
/// stack of a thread is. This neither recurses nor cares whether the text is
/// JSON otherwise.
#[pyfunction]
pub fn nests_deeper(text: &str, levels: u32) -> bool {
    let levels = ffi::affordable_levels(levels, GRANTED);
    let mut depth: u32 = 0;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => pass_string(&mut bytes),
            b'[' | b'{' => {
                depth += 1;
                if depth > levels {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Passes over a string up to its closing quote.
fn pass_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

/// Finds the end of a JSON array or object whose bytes come in pieces.
#[pyclass(name = "TextEnd", module = "fastthrift._core")]
pub struct PyTextEnd(wire::TextEnd);

#[pymethods]
impl PyTextEnd {
    /// Of a text whose structs and containers nest no deeper than
    /// `max_depth`.
    #[new]
    fn new(max_depth: u32) -> Self {
        Self(wire::TextEnd::new(max_depth))
    }

    /// How many bytes there are to the end at least.
    #[getter]
    fn missing(&self) -> usize {
        self.0.missing()
    }

    /// Where the text ends in the next bytes of it; None where it does not. At
    /// their end also where something is wrong, for the codec to tell.
    fn find(&mut self, data: &[u8]) -> Option<usize> {
        self.0.find(data).unwrap_or(Some(data.len()))
    }
}
