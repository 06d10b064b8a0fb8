//! Which definition a name means.

use std::collections::HashSet;

use foldhash::{HashMap, HashMapExt};

use super::super::loaded::LoadedFile;
use super::super::model::{Definition, ProgramId};
use super::{Linker, stem};
use crate::idl::syntax::StructKind;
use crate::idl::{Code, Diagnostic, Span, Visitor, walk};

/// A name that a file defines.
#[derive(Clone, Copy)]
struct Declaration {
    definition: Definition,
    span: Span,
    /// The declaration of the same name before it.
    previous: Option<u32>,
}

/// What a file can refer to.
pub(super) struct Scope<'a> {
    declarations: Vec<Declaration>,
    /// The last declaration of each name.
    names: HashMap<&'a str, u32>,
    includes: Vec<IncludeScope>,
}

struct IncludeScope {
    /// What the names of the included file start with here, without the dot.
    prefix: String,
    program: Option<ProgramId>,
    used: bool,
}

/// How many scopes one reference may look into. Names through several files
/// (`a.b.Name`) are rare, but files of one name can include each other so
/// that the ways to a name double with each.
const MAX_SCOPES: u32 = 1000;

impl<'a> Scope<'a> {
    pub(super) fn new(file: &LoadedFile, capacity: usize) -> Self {
        Self {
            declarations: Vec::with_capacity(capacity),
            names: HashMap::with_capacity(capacity),
            includes: file
                .includes
                .iter()
                .map(|include| IncludeScope {
                    prefix: include.alias.clone().unwrap_or_else(|| stem(&include.path)),
                    program: include.program,
                    used: false,
                })
                .collect(),
        }
    }

    pub(super) fn add(&mut self, name: &'a str, definition: Definition, span: Span) {
        let index = self.declarations.len() as u32;
        let previous = self.names.insert(name, index);
        self.declarations.push(Declaration {
            definition,
            span,
            previous,
        });
    }

    /// The declarations of a name, the last first.
    fn all(&self, name: &str) -> impl Iterator<Item = Declaration> {
        let mut next = self.names.get(name).copied();
        std::iter::from_fn(move || {
            let declaration = self.declarations[next? as usize];
            next = declaration.previous;
            Some(declaration)
        })
    }

    /// Of several declarations, which only thriftpy2 takes, the last before
    /// the reference counts, or the last of all if none is before it.
    pub(super) fn find<T>(
        &self,
        name: &str,
        before: u32,
        accept: &impl Fn(Definition) -> Option<T>,
    ) -> Option<T> {
        let mut last = None;
        for declaration in self.all(name) {
            if let Some(found) = accept(declaration.definition) {
                if declaration.span.start < before {
                    return Some(found);
                }
                last.get_or_insert(found);
            }
        }
        last
    }

    /// The included files, each with what its names start with.
    pub(super) fn includes(&self) -> impl Iterator<Item = (&str, ProgramId)> {
        let found = |include| {
            let IncludeScope {
                prefix, program, ..
            }: &IncludeScope = include;
            Some((prefix.as_str(), (*program)?))
        };
        self.includes.iter().filter_map(found)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&'a str, Definition)> {
        self.names
            .iter()
            .map(|(name, &index)| (*name, self.declarations[index as usize].definition))
    }
}

impl Linker<'_> {
    /// What a name means at a place of a file, of the definitions that are
    /// accepted. A name with dots may be of an included file, or of one that
    /// that file includes; of two with one prefix the last counts that has it.
    pub(super) fn find<T>(
        &mut self,
        program: ProgramId,
        name: &str,
        before: u32,
        accept: impl Fn(Definition) -> Option<T>,
    ) -> Option<T> {
        self.find_within(program, name, before, &accept, &mut 0)
    }

    fn find_within<T>(
        &mut self,
        program: ProgramId,
        name: &str,
        before: u32,
        accept: &impl Fn(Definition) -> Option<T>,
        visited: &mut u32,
    ) -> Option<T> {
        *visited += 1;
        let scope = &self.scopes[program.index()];
        let found = scope.find(name, before, accept);
        if found.is_some() || !name.contains('.') {
            return found;
        }
        for index in (0..scope.includes.len()).rev() {
            let include = &self.scopes[program.index()].includes[index];
            let Some(rest) = rest_after(name, &include.prefix) else {
                continue;
            };
            let Some(included) = include.program else {
                continue;
            };
            if *visited > MAX_SCOPES {
                return None;
            }
            let found = self.find_within(included, rest, u32::MAX, accept, visited);
            if found.is_some() {
                self.scopes[program.index()].includes[index].used = true;
                return found;
            }
        }
        None
    }

    /// Whether a name is one of an include that is missing, which has been
    /// reported as an error.
    pub(super) fn is_of_missing_include(&self, program: ProgramId, name: &str) -> bool {
        self.missing_is_known
            && self.scopes[program.index()].includes.iter().any(|include| {
                include.program.is_none() && rest_after(name, &include.prefix).is_some()
            })
    }

    /// The file whose names start with the prefix that this name has.
    pub(super) fn included_by(&self, program: ProgramId, name: &str) -> Option<ProgramId> {
        let mut includes = self.scopes[program.index()].includes.iter();
        includes.find_map(|include| rest_after(name, &include.prefix).and(include.program))
    }

    pub(super) fn report_unused_includes(&mut self) {
        for (index, scope) in self.scopes.iter().enumerate() {
            // A file of nothing but includes is there to be included.
            if scope.declarations.is_empty() {
                continue;
            }
            let file = &self.files[index];
            if scope.includes.iter().all(|include| include.used) {
                continue;
            }
            let annotations = names_in_annotations(file);
            // Included twice, it is used if it is used by either way.
            let used: HashSet<ProgramId> = scope
                .includes
                .iter()
                .filter(|include| include.used)
                .filter_map(|include| include.program)
                .collect();
            for (include, scope) in file.includes.iter().zip(&scope.includes) {
                let annotates = || {
                    let mut names = annotations.iter();
                    names.any(|name| rest_after(name, &scope.prefix).is_some())
                };
                if include
                    .program
                    .is_some_and(|program| !used.contains(&program) && !annotates())
                {
                    let diagnostic = Diagnostic::new(
                        Code::UnusedInclude,
                        &file.source,
                        include.span,
                        format!("nothing of `{}` is used", include.path),
                    );
                    self.diagnostics.push(diagnostic);
                }
            }
        }
    }

    /// Two definitions of a kind under one name are an error in thriftpy2;
    /// of two kinds the last one counts.
    pub(super) fn report_duplicates(&mut self, program: ProgramId) {
        let scope = &self.scopes[program.index()];
        let source = self.source(program);
        let mut diagnostics = Vec::new();
        for declaration in &scope.declarations {
            let Some(previous) = declaration.previous else {
                continue;
            };
            let mut previous = scope.declarations[previous as usize];
            let kind = self.kind(declaration.definition);
            let mut next = Some(previous);
            while let Some(candidate) = next.filter(|_| kind.is_some()) {
                if self.kind(candidate.definition) == kind {
                    previous = candidate;
                    break;
                }
                next = candidate
                    .previous
                    .map(|index| scope.declarations[index as usize]);
            }
            let name = source.slice(declaration.span);
            let same = kind.is_some() && self.kind(previous.definition) == kind;
            let diagnostic = match kind.filter(|_| same) {
                Some((kind, kinds)) => Diagnostic::new(
                    Code::DuplicateDefinition,
                    source,
                    declaration.span,
                    format!("the {kind} `{name}` is already defined"),
                )
                .thriftpy2(format!("'{name}' type is already defined in '{kinds}'")),
                None => Diagnostic::new(
                    Code::ShadowedDefinition,
                    source,
                    declaration.span,
                    format!("`{name}` is already defined; from here on it means this"),
                ),
            };
            diagnostics.push(diagnostic.related(source, previous.span, "defined here before"));
        }
        self.diagnostics.append(&mut diagnostics);
    }

    /// The kind of a definition as messages and thriftpy2 call it; `None` for
    /// those that thriftpy2 lets a file define again.
    fn kind(&self, definition: Definition) -> Option<(&'static str, &'static str)> {
        match definition {
            Definition::Const(_) | Definition::Typedef(_) => None,
            Definition::Enum(_) => Some(("enum", "enums")),
            Definition::Service(_) => Some(("service", "services")),
            Definition::Struct(id) => Some(match self.structs[id.index()].node.kind {
                StructKind::Struct => ("struct", "structs"),
                StructKind::Union => ("union", "unions"),
                StructKind::Exception => ("exception", "exceptions"),
            }),
        }
    }

    /// What a definition is, with its article, for messages.
    pub(super) fn describe(&self, definition: Definition) -> &'static str {
        match definition {
            Definition::Const(_) => "a constant",
            Definition::Typedef(_) => "a typedef",
            Definition::Enum(_) => "an enum",
            Definition::Service(_) => "a service",
            Definition::Struct(id) => match self.structs[id.index()].node.kind {
                StructKind::Struct => "a struct",
                StructKind::Union => "a union",
                StructKind::Exception => "an exception",
            },
        }
    }
}

/// The names within `@...{...}`. Nothing else comes of them, so that they are
/// looked for only where somebody asks.
fn names_in_annotations(file: &LoadedFile) -> Vec<&str> {
    struct FoundNames<'f> {
        file: &'f LoadedFile,
        /// Nodes within each other, from the annotation on.
        depth: usize,
        found: Vec<&'f str>,
    }
    impl Visitor for FoundNames<'_> {
        fn enter(&mut self, node: &'static str, span: Span, leaf: bool) {
            if self.depth > 0 || node == "structured annotation" {
                self.depth += 1;
                if leaf {
                    self.found.push(self.file.source.slice(span));
                }
            }
        }
        fn leave(&mut self) {
            self.depth = self.depth.saturating_sub(1);
        }
    }
    let mut names = FoundNames {
        file,
        depth: 0,
        found: Vec::new(),
    };
    walk(&file.tree, &mut names);
    names.found
}

/// What follows a prefix and a dot.
fn rest_after<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    name.strip_prefix(prefix)?.strip_prefix('.')
}
