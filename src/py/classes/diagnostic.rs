//! Diagnostics of the IDL as Python objects, and the exception they become.

use pyo3::intern;
use pyo3::prelude::*;

use crate::idl::{self, Kind};
use crate::py::imports;

/// One mistake or oddity in an IDL file.
#[pyclass(frozen, get_all, module = "fastthrift.parser")]
pub struct Diagnostic {
    /// A stable name of what is wrong, such as `unknown-type`.
    code: &'static str,
    /// `error` or `warning`.
    severity: &'static str,
    /// What is wrong, in one sentence.
    message: String,
    /// The path of the file, as it was given.
    path: String,
    /// The line, from 1 on.
    line: u32,
    /// The column in characters, from 1 on.
    column: u32,
    /// What would have been right there, or None.
    expected: Option<String>,
    /// What to do about it, or None.
    hint: Option<String>,
    /// The message with the lines of the file that it is about.
    rendered: String,
}

#[pymethods]
impl Diagnostic {
    fn __str__(&self) -> String {
        format!(
            "{}:{}:{}: {}[{}]: {}",
            self.path, self.line, self.column, self.severity, self.code, self.message
        )
    }

    fn __repr__(&self) -> String {
        format!("<Diagnostic {}>", self.__str__())
    }
}

impl From<&idl::Diagnostic> for Diagnostic {
    fn from(diagnostic: &idl::Diagnostic) -> Self {
        let position = diagnostic.position();
        Self {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity.as_str(),
            message: diagnostic.message.clone(),
            path: diagnostic.path().display().to_string(),
            line: position.line,
            column: position.column,
            expected: diagnostic.expected.clone(),
            hint: diagnostic.hint.clone(),
            rendered: idl::render(diagnostic),
        }
    }
}

/// The exception for what is wrong with a set of files: thriftpy2's class and
/// text for the first error, with all diagnostics attached.
pub fn exception(py: Python<'_>, diagnostics: &[idl::Diagnostic]) -> PyErr {
    let Some(first) = diagnostics.iter().find(|diagnostic| diagnostic.is_error()) else {
        return pyo3::exceptions::PySystemError::new_err("loading failed without an error");
    };
    let name = match first.kind() {
        Kind::Lexer => "ThriftLexerError",
        Kind::Grammar => "ThriftGrammarError",
        Kind::Parser => "ThriftParserError",
    };
    let made = || {
        let all = diagnostics
            .iter()
            .map(|diagnostic| Bound::new(py, Diagnostic::from(diagnostic)))
            .collect::<PyResult<Vec<_>>>()?;
        let first_object = Bound::new(py, Diagnostic::from(first))?;
        imports::parser_exceptions(py)?.getattr(name)?.call_method1(
            intern!(py, "from_diagnostics"),
            (first.thriftpy2_text(), first_object, all),
        )
    };
    match made() {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}
