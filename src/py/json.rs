//! What JSON text is asked before it is parsed.

use pyo3::prelude::*;

use super::ffi;

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
