//! Loading files for Python: where they come from, and what was loaded
//! before.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyo3::exceptions::{PyIndexError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::builder::Builder;
use super::diagnostic::{self, Diagnostic};
use super::linked::Linked;
use super::names::{Naming, defines};
use crate::idl::Reserved;
use crate::py::ffi;
use crate::schema::{
    self, FileSystem, Located, Memory, MissingInclude, Options, ProgramId, Sources, Unresolved,
};

/// How many classes make so many objects that the collector would start.
const MANY: usize = 32;

/// A set of linked files.
#[pyclass(frozen, module = "fastthrift._core")]
#[allow(clippy::struct_field_names, reason = "it is the schema of the core")]
pub struct Schema {
    schema: Arc<schema::Schema>,
    naming: Naming,
    /// By program: what tells the file from others, and a digest of its text.
    files: Vec<(PathBuf, u64)>,
}

/// The definitions of one file, as Python objects.
#[pyclass(frozen, get_all, module = "fastthrift._core")]
pub struct Program {
    /// The attributes of the module, in order.
    namespace: Py<PyDict>,
    /// What `__thrift_meta__` lists, by kind.
    meta: Py<PyDict>,
    /// The structs, unions, exceptions, enums and services, as the file
    /// orders them.
    classes: Py<PyList>,
    /// Of the text that it was made from.
    digest: u64,
}

impl Program {
    /// A program that was built.
    pub fn new(namespace: Py<PyDict>, meta: Py<PyDict>, classes: Py<PyList>, digest: u64) -> Self {
        Self {
            namespace,
            meta,
            classes,
            digest,
        }
    }

    /// The classes, and whether they were made from a text of this digest.
    pub fn classes_of(&self, digest: u64) -> Option<&Py<PyList>> {
        (self.digest == digest).then_some(&self.classes)
    }
}

impl Schema {
    /// The attribute of a module for a name, of another module for one.
    fn attribute(&self, name: &str, program: &schema::Program) -> String {
        let taken = |other: &str| defines(&self.schema, program, other);
        let attribute = self.naming.attribute(name, taken);
        attribute.unwrap_or_else(|| name.to_owned())
    }
}

/// A file of a schema: (path, stem, identity, includes), where an include is
/// (path, index of the file or None).
type FileInfo = (String, String, String, Vec<(String, Option<u32>)>);

#[pymethods]
impl Schema {
    /// The files; what a file includes stands before it, the root is last.
    #[getter]
    fn files(&self) -> Vec<FileInfo> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        self.schema
            .programs
            .iter()
            .zip(&self.files)
            .map(|(program, (identity, _))| {
                let includes = program
                    .includes
                    .iter()
                    .map(|include| (text(&include.found), include.program.map(|id| id.0)))
                    .collect();
                (
                    text(&program.path),
                    self.attribute(&program.name, program),
                    text(identity),
                    includes,
                )
            })
            .collect()
    }

    /// The namespaces of a file, scope to name.
    fn namespaces<'py>(&self, py: Python<'py>, file: usize) -> PyResult<Bound<'py, PyDict>> {
        let namespaces = PyDict::new(py);
        for namespace in &self.schema.programs[file].namespaces {
            namespaces.set_item(&namespace.scope, &namespace.name)?;
        }
        Ok(namespaces)
    }

    /// What the module of each include of a file is called in it, in order.
    fn include_names(&self, file: usize) -> Vec<String> {
        let program = &self.schema.programs[file];
        program
            .includes
            .iter()
            .map(|include| {
                let included = include.program.map(|id| &self.schema[id].name);
                let name = include.alias.as_ref().or(included);
                self.attribute(name.map_or("", String::as_str), program)
            })
            .collect()
    }

    /// The doc comment of a file, or None.
    fn doc(&self, file: usize) -> Option<&str> {
        self.schema.programs[file].doc.as_deref()
    }

    /// What is odd in the files.
    #[getter]
    fn warnings(&self) -> Vec<Diagnostic> {
        self.schema.warnings.iter().map(Into::into).collect()
    }

    /// The definitions of a file as JSON, in the shape of Apache's
    /// `thrift --gen json`.
    fn json(&self, file: usize) -> PyResult<String> {
        if file >= self.schema.programs.len() {
            return Err(PyIndexError::new_err("there is no such file"));
        }
        Ok(self.schema.json(ProgramId(file as u32)))
    }

    /// Makes the classes. `module_names` are the `__module__` of each file's
    /// classes; `known` are programs made before, by identity, which are used
    /// again where the text is the same, and to which new ones are added.
    fn build<'py>(
        &self,
        py: Python<'py>,
        module_names: Vec<String>,
        known: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, Program>>> {
        let pause = (self.schema.classes() >= MANY).then(|| ffi::CollectorPause::new(py));
        let linked = Linked::new(py, Arc::clone(&self.schema), self.naming, &module_names)?;
        let built = Builder::new(&Bound::new(py, linked)?).build(&self.files, known)?;
        if let Some(pause) = pause {
            pause.end()?;
        }
        Ok(built)
    }
}

/// Reads and links a file with all it includes.
///
/// `text` is the contents of the root where they are not to be read from
/// `path`; `reader(path)` gives the bytes of any file where that is not the
/// file system's matter. `resolver(written, including)` is asked first for
/// each include: it gives a path and the bytes there, or None for what it does
/// not know. `single` is for a text that is no file, and includes only what
/// the resolver knows. `reserved` is "suffix", "allow" or "error" ("refuse");
/// `missing_include` is "error" or "warn".
#[pyfunction]
#[pyo3(signature = (path, include_dirs, *, text = None, reader = None, resolver = None, single = false, reserved = "suffix", missing_include = "error"))]
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
) -> PyResult<Schema> {
    super::super::logging::install(py);
    let (reserved, naming) = match reserved {
        "suffix" => (Reserved::Tell, Naming::Suffix),
        "allow" => (Reserved::Allow, Naming::Same),
        "error" | "refuse" => (Reserved::Refuse, Naming::Same),
        _ => {
            let message = "reserved must be 'suffix', 'allow' or 'error'";
            return Err(PyValueError::new_err(message));
        }
    };
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
        let files = FileSystem::new(include_dirs);
        let sources = Recording {
            root: path.clone(),
            text,
            single,
            reader,
            resolver,
            resolved: RefCell::default(),
            files,
            detached,
            seen: RefCell::default(),
            failure: RefCell::default(),
        };
        let loaded = schema::load(&path, &sources, &options);
        (
            loaded,
            sources.seen.into_inner(),
            sources.failure.into_inner(),
        )
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
            (naming.identity(identity), digest)
        })
        .collect();
    log::debug!(
        target: "fastthrift::parser",
        "loaded {} and {} files that it includes",
        path.display(),
        schema.programs.len().saturating_sub(1)
    );
    Ok(Schema {
        schema: Arc::new(schema),
        naming,
        files,
    })
}

#[derive(Default)]
struct Seen {
    identity: PathBuf,
    digest: u64,
}

/// Sources that remember what was read.
struct Recording<'a> {
    root: PathBuf,
    text: Option<Vec<u8>>,
    single: bool,
    reader: Option<Py<PyAny>>,
    resolver: Option<Py<PyAny>>,
    /// What the resolver gave that was not read yet.
    resolved: RefCell<HashMap<PathBuf, Vec<u8>>>,
    files: FileSystem,
    /// To ask `reader` and `resolver`.
    detached: &'a ffi::Detached,
    seen: RefCell<HashMap<PathBuf, Seen>>,
    /// An exception of `reader` or `resolver`, or of the file system for the
    /// root.
    failure: RefCell<Option<PyErr>>,
}

impl Recording<'_> {
    fn note(&self, located: &Located) {
        self.seen
            .borrow_mut()
            .entry(located.path.clone())
            .or_default()
            .identity
            .clone_from(&located.identity);
    }

    /// What the resolver gives for an include, if there is one and it knows.
    fn ask_resolver(&self, including: &Path, written: &str) -> Option<Located> {
        let resolver = self.resolver.as_ref()?;
        if self.failure.borrow().is_some() {
            return None;
        }
        let answer = self.detached.attached(|py| {
            resolver
                .bind(py)
                .call1((written, including.to_string_lossy()))?
                .extract::<Option<(PathBuf, Vec<u8>)>>()
        });
        match answer {
            Ok(answer) => answer.map(|(path, bytes)| {
                self.resolved.borrow_mut().insert(path.clone(), bytes);
                Located {
                    identity: path.clone(),
                    path,
                }
            }),
            Err(error) => {
                *self.failure.borrow_mut() = Some(error);
                None
            }
        }
    }

    fn bytes(&self, path: &Path) -> io::Result<Vec<u8>> {
        if let Some(bytes) = self.resolved.borrow_mut().remove(path) {
            return Ok(bytes);
        }
        if path == self.root
            && let Some(text) = &self.text
        {
            return Ok(text.clone());
        }
        let Some(reader) = &self.reader else {
            return self.files.read(path).inspect_err(|error| {
                if path == self.root {
                    let error = PyOSError::new_err((
                        error.raw_os_error().unwrap_or(0),
                        error
                            .to_string()
                            .split(" (os error")
                            .next()
                            .unwrap_or("")
                            .to_owned(),
                        path.to_string_lossy().into_owned(),
                    ));
                    *self.failure.borrow_mut() = Some(error);
                }
            });
        };
        self.detached
            .attached(|py| {
                let bytes = reader.bind(py).call1((path.to_string_lossy(),))?;
                Ok(bytes.cast::<PyBytes>()?.as_bytes().to_vec())
            })
            .map_err(|error: PyErr| {
                *self.failure.borrow_mut() = Some(error);
                io::ErrorKind::Other.into()
            })
    }
}

impl Sources for Recording<'_> {
    fn root(&self, path: &Path) -> Located {
        let located = if self.text.is_some() {
            Memory::new().root(path)
        } else {
            self.files.root(path)
        };
        self.note(&located);
        located
    }

    fn resolve(&self, including: &Path, written: &str) -> Result<Located, Unresolved> {
        let located = match self.ask_resolver(including, written) {
            Some(located) => located,
            None if self.single && self.resolver.is_none() => {
                return Err(Unresolved::NoIncludes);
            }
            None if self.single => {
                let places = vec![PathBuf::from("the given resolver")];
                return Err(Unresolved::NotFound(places));
            }
            None => self.files.resolve(including, written)?,
        };
        self.note(&located);
        Ok(located)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.bytes(path)?;
        self.seen
            .borrow_mut()
            .entry(path.to_owned())
            .or_default()
            .digest = digest(&bytes);
        Ok(bytes)
    }
}

/// Tells the text of a file from what it was before. Eight bytes at a time:
/// the hash of the standard library takes a twentieth of a whole load.
fn digest(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |digest: u64, word: u64| (digest ^ word).wrapping_mul(FACTOR).rotate_left(29);
    let (words, rest) = bytes.as_chunks::<8>();
    let digest = words.iter().fold(bytes.len() as u64, |digest, word| {
        mix(digest, u64::from_le_bytes(*word))
    });
    rest.iter()
        .fold(digest, |digest, byte| mix(digest, u64::from(*byte)))
}
