//! Where files come from.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The path to show and to read it by.
    pub path: PathBuf,
    /// What tells it from other files: equal for two paths to one file.
    pub identity: PathBuf,
}

/// Why an include was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// No place that was looked at has it. Holds those places.
    NotFound(Vec<PathBuf>),
    /// These sources are single texts that cannot include anything.
    NoIncludes,
}

/// Finds and reads files.
pub trait Sources {
    /// The file a load starts with.
    fn root(&self, path: &Path) -> Located;

    /// The file that `written` names in an include of the file at `including`.
    fn resolve(&self, including: &Path, written: &str) -> Result<Located, Unresolved>;

    /// The contents of a file, by the path of its [`Located`].
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// Files of the file system. An include is looked for in the directory of the
/// file that has it, then in each include directory, as thriftpy2 does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// Where to look, in this order.
    pub include_dirs: Vec<PathBuf>,
}

impl Default for FileSystem {
    /// Looks in the current directory, as thriftpy2 does.
    fn default() -> Self {
        Self::new([PathBuf::from(".")])
    }
}

impl FileSystem {
    /// Looks for includes in these directories.
    pub fn new(include_dirs: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self {
            include_dirs: include_dirs.into_iter().map(Into::into).collect(),
        }
    }

    fn locate(path: PathBuf) -> Located {
        let identity = path.canonicalize().unwrap_or_else(|_| path.clone());
        Located { path, identity }
    }
}

impl Sources for FileSystem {
    fn root(&self, path: &Path) -> Located {
        Self::locate(path.to_owned())
    }

    fn resolve(&self, including: &Path, written: &str) -> Result<Located, Unresolved> {
        let beside = including.parent().unwrap_or(Path::new(""));
        let places = std::iter::once(beside).chain(self.include_dirs.iter().map(PathBuf::as_path));
        let mut tried = Vec::new();
        for directory in places {
            let path = directory.join(written);
            if path.exists() {
                return Ok(Self::locate(path));
            }
            tried.push(directory.to_owned());
        }
        Err(Unresolved::NotFound(tried))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}

/// Files in memory, by path. An include is looked for beside the file that
/// has it, then by its own path.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: HashMap<PathBuf, Vec<u8>>,
    /// The one text of [`Memory::text`] includes nothing.
    single: bool,
}

impl Memory {
    /// No files yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One text that may not include anything, as `load_fp` takes it.
    pub fn text(path: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) -> Self {
        Self {
            single: true,
            ..Self::new().with(path, contents)
        }
    }

    /// Adds a file.
    #[must_use]
    pub fn with(mut self, path: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), contents.into());
        self
    }
}

impl Sources for Memory {
    fn root(&self, path: &Path) -> Located {
        Located {
            path: path.to_owned(),
            identity: path.to_owned(),
        }
    }

    fn resolve(&self, including: &Path, written: &str) -> Result<Located, Unresolved> {
        if self.single {
            return Err(Unresolved::NoIncludes);
        }
        let beside = including.parent().unwrap_or(Path::new(""));
        for directory in [beside, Path::new("")] {
            let path = directory.join(written);
            if self.files.contains_key(&path) {
                return Ok(self.root(&path));
            }
        }
        Err(Unresolved::NotFound(vec![beside.to_owned()]))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
