//! What the room of streams tells, for the parts of the package that are
//! written in Python.

use pyo3::prelude::*;

use crate::stream::{self, Opening};

/// What the first bytes of a connection speak, by its name, and whether in
/// frames; None where they do not tell.
#[pyfunction]
pub fn detect(opening: &[u8]) -> Option<(&'static str, bool)> {
    match stream::detect(opening) {
        Opening::Known { speech, framed } => Some((speech.name(), framed)),
        Opening::More | Opening::Unknown => None,
    }
}
