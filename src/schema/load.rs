//! Reads a file and all it includes, each once, and has them linked.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::link;
use super::loaded::{LoadedFile, LoadedInclude};
use super::model::{ProgramId, Schema};
use super::sources::{Located, Sources, Unresolved};
use crate::idl::syntax::Header;
use crate::idl::{
    Code, Diagnostic, DiagnosticKind, ParseOptions, Parsed, Reserved, Severity, SourceFile, Span,
    literal, parse,
};

/// What to do about an include that cannot be found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingInclude {
    /// It is an error.
    #[default]
    Error,
    /// It is a warning; using a name of it is an error.
    Warn,
}

/// How to load.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What to do with names that some target language keeps for itself.
    pub reserved: Reserved,
    /// What to do about an include that cannot be found.
    pub missing_include: MissingInclude,
}

/// Of the errors, of the warnings and of the hints of a load so many are kept.
const MAX_SHOWN: usize = 100;

/// Loads a file with all it includes.
///
/// # Errors
///
/// Every mistake that was found, by file (what is included before what
/// includes it) and by place, warnings among them. Files with syntax errors are not linked.
pub fn load(
    root: impl AsRef<Path>,
    sources: &dyn Sources,
    options: &Options,
) -> Result<Schema, Vec<Diagnostic>> {
    let mut loader = Loader {
        sources,
        options,
        files: Vec::new(),
        order: Vec::new(),
        open: Vec::new(),
        by_identity: HashMap::new(),
        diagnostics: Vec::new(),
    };
    loader.load(root.as_ref());
    let Loader {
        files,
        order,
        mut diagnostics,
        ..
    } = loader;
    // Names cannot be looked up in trees with holes, nor along a circle.
    let broken = diagnostics.iter().any(|diagnostic| match diagnostic.code {
        Code::ReservedWord | Code::UnknownEscape | Code::InvalidUtf8 => false,
        Code::NestedTooDeeply | Code::IncludeCycle => true,
        code => code.kind() != DiagnosticKind::Parser,
    });
    // Files may be found to be wrong when they are read and when they are
    // linked; thriftpy2 sees what is included first.
    let ranks: Vec<Arc<SourceFile>> = order
        .iter()
        .map(|&index| Arc::clone(&files[index].source))
        .collect();
    let mut schema = Schema::default();
    if !broken {
        let files = in_order(files, &order);
        schema = link::link(&files, &mut diagnostics);
    }
    sort(&mut diagnostics, &ranks);
    let diagnostics = the_first(diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    schema.warnings = diagnostics;
    Ok(schema)
}

/// A broken file can have more mistakes than anybody reads, or than there is
/// time to show: of errors, of warnings and of hints the first are kept, and
/// the others counted.
fn the_first(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut counts = [0_usize; 3];
    let mut left_out: [Option<Diagnostic>; 3] = [None, None, None];
    let mut kept = Vec::with_capacity(diagnostics.len().min(3 * MAX_SHOWN));
    for diagnostic in diagnostics {
        let kind = diagnostic.severity as usize;
        counts[kind] += 1;
        if counts[kind] <= MAX_SHOWN {
            kept.push(diagnostic);
        } else {
            left_out[kind].get_or_insert(diagnostic);
        }
    }
    for (first, count) in left_out.into_iter().zip(counts) {
        let Some(first) = first else { continue };
        let message = format!(
            "{} more {}s from here on are not shown",
            count - MAX_SHOWN,
            first.severity.as_str()
        );
        kept.push(Diagnostic {
            severity: first.severity,
            ..Diagnostic::new(Code::NotShown, &first.file, first.span, message)
        });
    }
    kept
}

fn sort(diagnostics: &mut [Diagnostic], files: &[Arc<SourceFile>]) {
    let ranks: HashMap<*const SourceFile, usize> = files
        .iter()
        .enumerate()
        .map(|(rank, file)| (Arc::as_ptr(file), rank))
        .collect();
    diagnostics.sort_by_key(|diagnostic| {
        let rank = ranks.get(&Arc::as_ptr(&diagnostic.file)).copied();
        (rank, diagnostic.span.start)
    });
}

/// Moves the files into dependency order, which numbers them anew.
fn in_order(files: Vec<LoadedFile>, order: &[usize]) -> Vec<LoadedFile> {
    let mut ids = vec![ProgramId(0); files.len()];
    for (id, &index) in order.iter().enumerate() {
        ids[index] = ProgramId::at(id);
    }
    let mut ordered: Vec<(ProgramId, LoadedFile)> = ids.iter().copied().zip(files).collect();
    ordered.sort_by_key(|(id, _)| *id);
    ordered
        .into_iter()
        .map(|(_, mut file)| {
            for include in &mut file.includes {
                include.program = include.program.map(|id| ids[id.index()]);
            }
            file
        })
        .collect()
}

struct Loader<'a> {
    sources: &'a dyn Sources,
    options: &'a Options,
    /// In the order they were read. Includes refer to them by this order
    /// until all are read.
    files: Vec<LoadedFile>,
    /// Indices of `files`, what is included before what includes it.
    order: Vec<usize>,
    /// The files on the way from the root to the current one, each with the
    /// number of its next include. No recursion: a chain of includes may be
    /// longer than the stack.
    open: Vec<(usize, usize)>,
    by_identity: HashMap<PathBuf, usize>,
    diagnostics: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn load(&mut self, root: &Path) {
        let located = self.sources.root(root);
        if let Err(diagnostic) = self.open_file(located) {
            self.diagnostics.push(*diagnostic);
        }
        while let Some((file, next)) = self.open.last_mut() {
            let file = *file;
            let include = *next;
            *next += 1;
            if include < self.files[file].includes.len() {
                self.include(file, include);
            } else {
                self.open.pop();
                self.order.push(file);
            }
        }
    }

    /// Reads and parses a file. Its includes come next.
    fn open_file(&mut self, located: Located) -> Result<usize, Box<Diagnostic>> {
        let Located { path, identity } = located;
        let unreadable = |message: String| {
            let source = Arc::new(SourceFile::new(&path, Vec::new()));
            Box::new(Diagnostic::new(
                Code::UnreadableFile,
                &source,
                Span::default(),
                message,
            ))
        };
        let bytes = self
            .sources
            .read(&path)
            .map_err(|error| unreadable(format!("cannot read {}: {error}", path.display())))?;
        if u32::try_from(bytes.len()).is_err() {
            return Err(unreadable(format!(
                "{} is larger than 4 GiB",
                path.display()
            )));
        }
        let source = Arc::new(SourceFile::new(path, bytes));
        let options = ParseOptions {
            reserved: self.options.reserved,
        };
        let Parsed {
            file: tree,
            diagnostics,
        } = parse(&source, options);
        self.diagnostics.extend(diagnostics);
        let includes = tree
            .headers
            .iter()
            .filter_map(|header| match header {
                Header::Include(include) => Some(LoadedInclude {
                    path: literal::text(source.slice(include.path.span)).into_owned(),
                    alias: include
                        .alias
                        .map(|alias| source.slice(alias.span).to_owned()),
                    found: PathBuf::new(),
                    span: include.path.span,
                    program: None,
                }),
                _ => None,
            })
            .collect();
        let index = self.files.len();
        self.files.push(LoadedFile {
            source,
            tree,
            includes,
        });
        self.by_identity.insert(identity, index);
        self.open.push((index, 0));
        Ok(index)
    }

    fn include(&mut self, file: usize, number: usize) {
        let source = Arc::clone(&self.files[file].source);
        let include = &self.files[file].includes[number];
        let span = include.span;
        let written = include.path.clone();
        let located = match self.sources.resolve(source.path(), &written) {
            Ok(located) => located,
            Err(unresolved) => {
                self.diagnostics
                    .push(self.missing(&source, span, &written, unresolved));
                return;
            }
        };
        let found = located.path.clone();
        let program = match self.by_identity.get(&located.identity) {
            Some(&known) => {
                let on_the_way = self.open.iter().position(|(open, _)| *open == known);
                if let Some(start) = on_the_way {
                    self.diagnostics
                        .push(self.cycle(&source, span, &found, start));
                }
                known
            }
            None => match self.open_file(located) {
                Ok(index) => index,
                Err(unreadable) => {
                    let message = unreadable.message;
                    self.diagnostics.push(Diagnostic::new(
                        Code::UnreadableFile,
                        &source,
                        span,
                        message,
                    ));
                    return;
                }
            },
        };
        let include = &mut self.files[file].includes[number];
        include.found = found;
        include.program = Some(ProgramId::at(program));
    }

    fn missing(
        &self,
        source: &Arc<SourceFile>,
        span: Span,
        written: &str,
        unresolved: Unresolved,
    ) -> Diagnostic {
        let diagnostic = match unresolved {
            Unresolved::NoIncludes => Diagnostic::new(
                Code::MissingInclude,
                source,
                span,
                "a text that is not a file cannot include others",
            )
            .hint("give `resolver=` where it is loaded, or load() it by its path")
            .thriftpy2("Unexpected include statement while loading from file like object."),
            Unresolved::NotFound(places) => {
                let mut places: Vec<String> = places
                    .iter()
                    .map(|place| match place.display().to_string() {
                        text if text.is_empty() => ".".to_owned(),
                        text => text,
                    })
                    .collect();
                places.dedup();
                Diagnostic::new(
                    Code::MissingInclude,
                    source,
                    span,
                    format!("cannot find `{written}`"),
                )
                .hint(format!("looked in {}", places.join(", ")))
                .thriftpy2(format!(
                    "Couldn't include thrift {written} in any directories provided"
                ))
            }
        };
        match self.options.missing_include {
            MissingInclude::Error => diagnostic,
            MissingInclude::Warn => Diagnostic {
                severity: Severity::Warning,
                ..diagnostic
            },
        }
    }

    /// The circle that an include closes, which starts at an open file.
    fn cycle(&self, source: &Arc<SourceFile>, span: Span, path: &Path, start: usize) -> Diagnostic {
        let path = path.display();
        let mut diagnostic = Diagnostic::new(
            Code::IncludeCycle,
            source,
            span,
            format!("this includes {path}, which has come to here by its includes"),
        )
        .thriftpy2(format!("Dead including on {path}"));
        for &(file, next) in &self.open[start..self.open.len() - 1] {
            let file = &self.files[file];
            // Its current include is the one before its next.
            if let Some(include) = file.includes.get(next - 1) {
                diagnostic = diagnostic.related(
                    &file.source,
                    include.span,
                    format!("{} includes this", file.source.path().display()),
                );
            }
        }
        diagnostic
    }
}
