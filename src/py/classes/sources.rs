//! Where files come from: the file system, and functions of the program; what
//! was read is remembered.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::py::ffi;
use crate::schema::{FileSystem, Located, Memory, Sources, Unresolved};

/// What is known of a file that was read.
#[derive(Default)]
pub struct SeenFile {
    /// What tells it from others.
    pub identity: PathBuf,
    /// Of its text.
    pub digest: u64,
}

/// What the program gives in place of the file system.
pub struct GivenSources {
    /// The text of the root.
    pub text: Option<Vec<u8>>,
    /// Whether that is no file, and includes only what the resolver knows.
    pub single: bool,
    /// Gives the bytes of a file.
    pub reader: Option<Py<PyAny>>,
    /// Gives the path of an include and the bytes there, or None.
    pub resolver: Option<Py<PyAny>>,
}

/// Sources that remember what was read.
pub struct RecordedSources<'a> {
    root: PathBuf,
    given: GivenSources,
    /// What the resolver gave that was not read yet.
    resolved: RefCell<HashMap<PathBuf, Vec<u8>>>,
    files: FileSystem,
    /// To ask `reader` and `resolver`.
    detached: &'a ffi::Detached,
    seen: RefCell<HashMap<PathBuf, SeenFile>>,
    /// An exception of `reader` or `resolver`, or of the file system for the
    /// root.
    failure: RefCell<Option<PyErr>>,
}

impl<'a> RecordedSources<'a> {
    /// Sources of the file `root` and what it includes.
    pub fn new(
        root: PathBuf,
        given: GivenSources,
        files: FileSystem,
        detached: &'a ffi::Detached,
    ) -> Self {
        Self {
            root,
            given,
            resolved: RefCell::default(),
            files,
            detached,
            seen: RefCell::default(),
            failure: RefCell::default(),
        }
    }

    /// The files that were read, and the exception that one could not be read
    /// for.
    pub fn finish(self) -> (HashMap<PathBuf, SeenFile>, Option<PyErr>) {
        (self.seen.into_inner(), self.failure.into_inner())
    }

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
        let resolver = self.given.resolver.as_ref()?;
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
            && let Some(text) = &self.given.text
        {
            return Ok(text.clone());
        }
        let Some(reader) = &self.given.reader else {
            return self.files.read(path).inspect_err(|error| {
                if path == self.root {
                    let (number, text) = ffi::system_error(error);
                    let path = path.to_string_lossy().into_owned();
                    let error = PyOSError::new_err((number, text, path));
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

impl Sources for RecordedSources<'_> {
    fn root(&self, path: &Path) -> Located {
        let located = if self.given.text.is_some() {
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
            None if self.given.single && self.given.resolver.is_none() => {
                return Err(Unresolved::NoIncludes);
            }
            None if self.given.single => {
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
