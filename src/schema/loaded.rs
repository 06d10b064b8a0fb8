//! A file as it stands between loading and linking.

use std::path::PathBuf;
use std::sync::Arc;

use super::model::ProgramId;
use crate::idl::{SourceFile, Span, syntax};

/// One file, read and parsed.
pub(super) struct LoadedFile {
    pub(super) source: Arc<SourceFile>,
    pub(super) tree: syntax::File,
    /// One for each include of the tree.
    pub(super) includes: Vec<LoadedInclude>,
}

/// Where an include has led.
pub(super) struct LoadedInclude {
    pub(super) path: String,
    pub(super) alias: Option<String>,
    pub(super) found: PathBuf,
    pub(super) span: Span,
    pub(super) program: Option<ProgramId>,
}
