//! The text of an IDL file, formatted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyo3::prelude::*;

use super::diagnostic;
use crate::idl::{Diagnostic, ParseOptions, Parsed, SourceFile, parse, print};
use crate::py::ffi;

/// The text of a file in one style, with all its comments.
///
/// `path` is for messages. Raises a `ThriftParserError` for a text with
/// mistakes of grammar; what it includes is not read.
#[pyfunction]
pub fn format_text(py: Python<'_>, path: PathBuf, text: Vec<u8>) -> PyResult<String> {
    let printed = ffi::detached(py, |_| {
        let source = Arc::new(SourceFile::new(path.clone(), text));
        let Parsed { file, diagnostics } = parse(&source, ParseOptions::default());
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(diagnostics);
        }
        Ok(print(&source, &file))
    });
    let read: &[&Path] = &[&path];
    printed.map_err(|diagnostics| diagnostic::exception(py, &diagnostics, read))
}
