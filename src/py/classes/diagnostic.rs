//! Diagnostics of the IDL as Python objects, and the exception they become.

use std::path::Path;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::diagnostic_state::{self, DiagnosticState};
use crate::idl::{self, DiagnosticKind};
use crate::py::imports;

/// One mistake or oddity in an IDL file.
#[pyclass(name = "Diagnostic", frozen, module = "fastthrift.parser")]
pub struct PyDiagnostic(idl::Diagnostic);

/// A place that helps to understand a diagnostic: (path, line, column,
/// message).
type Related = (String, u32, u32, String);

#[pymethods]
impl PyDiagnostic {
    /// A diagnostic as `__reduce__` takes it apart; for pickles.
    #[new]
    fn new(state: DiagnosticState) -> PyResult<Self> {
        diagnostic_state::restore(state).map(Self)
    }

    /// With the lines that it is about in place of the whole files.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (DiagnosticState,)) {
        (slf.get_type(), (diagnostic_state::state(&slf.get().0),))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    /// A stable name of what is wrong, such as `unknown-type`.
    #[getter]
    fn code(&self) -> &'static str {
        self.0.code.as_str()
    }

    /// `error`, `warning` or `hint`.
    #[getter]
    fn severity(&self) -> &'static str {
        self.0.severity.as_str()
    }

    /// What is wrong, in one sentence.
    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    /// The path of the file, as it was given.
    #[getter]
    fn path(&self) -> String {
        self.0.path().display().to_string()
    }

    /// The line, from 1 on.
    #[getter]
    fn line(&self) -> u32 {
        self.0.position().line
    }

    /// The column in characters, from 1 on.
    #[getter]
    fn column(&self) -> u32 {
        self.0.position().column
    }

    /// The line that the range ends on.
    #[getter]
    fn end_line(&self) -> u32 {
        self.end().line
    }

    /// The column behind the last character of the range.
    #[getter]
    fn end_column(&self) -> u32 {
        self.end().column
    }

    /// The line of the file, without its end.
    #[getter]
    fn source(&self) -> &str {
        let file = &self.0.file;
        let start = file.line_start(self.line());
        let end = file.line_start(self.line() + 1);
        file.slice(idl::Span::new(start, end))
            .trim_end_matches(['\r', '\n'])
    }

    /// What would have been right there, or None.
    #[getter]
    fn expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// What to do about it, or None.
    #[getter]
    fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Other places that matter.
    #[getter]
    fn related(&self) -> Vec<Related> {
        self.0
            .related
            .iter()
            .map(|label| {
                let position = label.file.position(label.span.start);
                (
                    label.file.path().display().to_string(),
                    position.line,
                    position.column,
                    label.message.clone(),
                )
            })
            .collect()
    }

    /// The message with the lines of the file that it is about.
    #[getter]
    fn rendered(&self) -> String {
        idl::render(&self.0)
    }

    /// The message with the lines that it is about, in the colours of a terminal
    /// if asked for.
    #[pyo3(signature = (*, color = false))]
    fn render(&self, color: bool) -> String {
        if color {
            idl::render_in_color(&self.0)
        } else {
            idl::render(&self.0)
        }
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Diagnostic {}>", self.0)
    }
}

impl PyDiagnostic {
    fn end(&self) -> idl::Position {
        self.0.file.position(self.0.span.end)
    }
}

impl From<&idl::Diagnostic> for PyDiagnostic {
    fn from(diagnostic: &idl::Diagnostic) -> Self {
        Self(diagnostic.clone())
    }
}

/// The exception for what is wrong with a set of files: thriftpy2's class and
/// text for the first error, with all diagnostics and the paths of the files
/// that were read attached.
pub fn exception(py: Python<'_>, diagnostics: &[idl::Diagnostic], read: &[&Path]) -> PyErr {
    let Some(first) = diagnostics.iter().find(|diagnostic| diagnostic.is_error()) else {
        return pyo3::exceptions::PySystemError::new_err("loading failed without an error");
    };
    let name = match first.kind() {
        DiagnosticKind::Lexer => "ThriftLexerError",
        DiagnosticKind::Grammar => "ThriftGrammarError",
        DiagnosticKind::Parser => "ThriftParserError",
    };
    let made = || {
        let all = diagnostics
            .iter()
            .map(|diagnostic| Bound::new(py, PyDiagnostic::from(diagnostic)))
            .collect::<PyResult<Vec<_>>>()?;
        let files: Vec<_> = read.iter().map(|path| path.to_string_lossy()).collect();
        let first_object = Bound::new(py, PyDiagnostic::from(first))?;
        imports::parser_exceptions(py)?.getattr(name)?.call_method1(
            intern!(py, "from_diagnostics"),
            (first.thriftpy2_text(), first_object, all, files),
        )
    };
    match made() {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}
