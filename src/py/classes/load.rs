//! `load_schema`: files are read and linked, and where they came from is noted.

use std::path::{Path, PathBuf};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::diagnostic;
use super::names::Naming;
use super::options::ClassOptions;
use super::schema::PySchema;
use super::sources::{GivenSources, RecordedSources};
use crate::idl::Reserved;
use crate::py::{ffi, logging};
use crate::schema::{self, FileSystem, MissingInclude, Options};

/// Reads and links a file with all it includes.
///
/// `text` is the contents of the root where they are not to be read from
/// `path`; `reader(path)` gives the bytes of any file where that is not the
/// file system's matter. `resolver(written, including)` is asked first for
/// each include: it gives a path and the bytes there, or None for what it does
/// not know. `single` is for a text that is no file, and includes only what
/// the resolver knows. `reserved` is "suffix", "allow" or "error" ("refuse");
/// `missing_include` is "error" or "warn". `classes` are the options of `load`
/// for the classes, those that are not as usual.
#[pyfunction]
#[pyo3(signature = (path, include_dirs, *, text = None, reader = None, resolver = None, single = false, reserved = "suffix", missing_include = "error", classes = None))]
#[allow(
    clippy::too_many_arguments,
    reason = "they are named arguments in Python"
)]
pub fn load_schema(
    py: Python<'_>,
    path: PathBuf,
    include_dirs: Vec<PathBuf>,
    text: Option<Vec<u8>>,
    reader: Option<Py<PyAny>>,
    resolver: Option<Py<PyAny>>,
    single: bool,
    reserved: &str,
    missing_include: &str,
    classes: Option<&Bound<'_, PyDict>>,
) -> PyResult<PySchema> {
    logging::install(py);
    let (reserved, naming) = match reserved {
        "suffix" => (Reserved::Tell, Naming::Suffix),
        "allow" => (Reserved::Allow, Naming::Same),
        "error" | "refuse" => (Reserved::Refuse, Naming::Same),
        _ => {
            let message = "reserved must be 'suffix', 'allow' or 'error'";
            return Err(PyValueError::new_err(message));
        }
    };
    let classes = ClassOptions::of_dict(naming, classes)?;
    let missing_include = match missing_include {
        "error" => MissingInclude::Error,
        "warn" => MissingInclude::Warn,
        _ => {
            let message = "missing_include must be 'error' or 'warn'";
            return Err(PyValueError::new_err(message));
        }
    };
    let options = Options {
        reserved,
        missing_include,
    };
    let (loaded, files, failure) = ffi::detached(py, |detached| {
        let given = GivenSources {
            text,
            single,
            reader,
            resolver,
        };
        let sources =
            RecordedSources::new(path.clone(), given, FileSystem::new(include_dirs), detached);
        let loaded = schema::load(&path, &sources, &options);
        let (files, failure) = sources.finish();
        (loaded, files, failure)
    });
    if let Some(error) = failure {
        return Err(error);
    }
    let schema = loaded.map_err(|diagnostics| {
        let mut read: Vec<&Path> = files.keys().map(PathBuf::as_path).collect();
        read.sort_unstable();
        diagnostic::exception(py, &diagnostics, &read)
    })?;
    let files = schema
        .programs
        .iter()
        .map(|program| {
            let (identity, digest) = files.get(&program.path).map_or_else(
                || (program.path.clone(), 0),
                |seen| (seen.identity.clone(), seen.digest),
            );
            (classes.identity(identity), digest)
        })
        .collect();
    log::debug!(
        target: "fastthrift::parser",
        "loaded {} and {} files that it includes",
        path.display(),
        schema.programs.len().saturating_sub(1)
    );
    Ok(PySchema::new(schema, classes, files))
}
