//! Syntax trees to a [`Schema`].
//!
//! In this order, so that nothing is ever looked up before it is known:
//! the names of all files ([`names`]), the values of enums ([`enums`]), types
//! ([`types`]) and with them the fields of structs but for their defaults
//! ([`structs`]), constants ([`values`]), services ([`services`]), and last the
//! defaults of fields.

mod casts;
mod enums;
mod names;
mod services;
mod structs;
mod suggest;
mod types;
mod values;

use std::cell::Cell;
use std::sync::Arc;

use super::loaded::LoadedFile;
use super::model::{
    Annotation, Const, ConstId, Definition, EnumId, Include, Namespace, Program, ProgramId, Schema,
    ServiceId, StructId, TypeAnnotations, Typedef, TypedefId,
};
use crate::idl::syntax::{self, Header, Name, NamespaceName};
use crate::idl::{Code, Diagnostic, Rare, SourceFile, Span, Text, literal};
use enums::LinkedEnum;
use names::Scope;
use structs::Fields;
use types::Resolved;
use values::LinkedValue;

/// Links files that are in dependency order. The schema is of use only if no
/// error was added to the diagnostics.
pub(super) fn link(files: &[LoadedFile], diagnostics: &mut Vec<Diagnostic>) -> Schema {
    let missing_is_known = diagnostics.iter().any(|diagnostic| {
        diagnostic.is_error()
            && matches!(diagnostic.code, Code::MissingInclude | Code::UnreadableFile)
    });
    let mut linker = Linker::new(files, missing_is_known);
    let schema = linker.run();
    diagnostics.append(&mut linker.diagnostics);
    schema
}

/// Lists up to this length are searched one by one; longer ones are worth a
/// table.
const SHORT: usize = 16;

/// A definition and the file it is in.
struct Site<'a, N> {
    program: ProgramId,
    node: &'a N,
}

impl<N> Clone for Site<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for Site<'_, N> {}

/// A `typedef`, or a `senum`, which is one of `string`.
#[derive(Clone, Copy)]
enum TypedefNode<'a> {
    Typedef(&'a syntax::Typedef),
    Senum(&'a syntax::Senum),
}

/// What is worked out when it is first needed.
enum Progress<T> {
    New,
    /// Being worked out: needing it now is a circle.
    Active,
    /// `None` if it was found wrong, which has been reported.
    Done(Option<T>),
}

struct Linker<'a> {
    files: &'a [LoadedFile],
    /// Names of missing includes need no report of their own.
    missing_is_known: bool,
    scopes: Vec<Scope<'a>>,
    enums: Vec<Site<'a, syntax::Enum>>,
    structs: Vec<Site<'a, syntax::Struct>>,
    typedefs: Vec<(ProgramId, TypedefNode<'a>)>,
    consts: Vec<Site<'a, syntax::Const>>,
    services: Vec<Site<'a, syntax::Service>>,
    linked_enums: Vec<LinkedEnum<'a>>,
    /// For each struct its fields but for their defaults.
    fields: Vec<Fields>,
    typedef_types: Vec<Progress<Resolved>>,
    type_annotations: TypeAnnotations,
    const_values: Vec<Progress<LinkedValue>>,
    /// The service whose base is being looked for.
    linking_service: Option<ServiceId>,
    /// How many values references have copied so far.
    copied: usize,
    /// Whether a file has been told that `byte` is called `i8`.
    told_of_byte: Vec<bool>,
    /// By file: the line that was asked for last.
    last_lines: Vec<Cell<u32>>,
    /// How many names have been looked for in vain among all that there are.
    suggestions: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Linker<'a> {
    fn new(files: &'a [LoadedFile], missing_is_known: bool) -> Self {
        Self {
            files,
            missing_is_known,
            scopes: Vec::new(),
            enums: Vec::new(),
            structs: Vec::new(),
            typedefs: Vec::new(),
            consts: Vec::new(),
            services: Vec::new(),
            linked_enums: Vec::new(),
            fields: Vec::new(),
            typedef_types: Vec::new(),
            type_annotations: TypeAnnotations::default(),
            const_values: Vec::new(),
            linking_service: None,
            copied: 0,
            told_of_byte: vec![false; files.len()],
            last_lines: vec![Cell::new(1); files.len()],
            suggestions: 0,
            diagnostics: Vec::new(),
        }
    }

    fn run(&mut self) -> Schema {
        let definitions = self.declare();
        self.link_enums();
        let typedefs = self.link_typedefs();
        self.link_fields();
        let consts = self.link_consts();
        let services = self.link_services();
        let structs = self.link_structs();
        if !self.diagnostics.iter().any(Diagnostic::is_error) {
            // What could not be linked may have used more.
            self.report_unused_includes();
        }
        Schema {
            programs: self.link_programs(definitions),
            enums: self.take_enums(),
            structs,
            typedefs,
            consts,
            services,
            type_annotations: std::mem::take(&mut self.type_annotations),
            warnings: Vec::new(),
        }
    }

    fn link_programs(&self, definitions: Vec<Vec<Definition>>) -> Vec<Program> {
        self.files
            .iter()
            .zip(definitions)
            .map(|(file, definitions)| Program {
                path: file.source.path().to_owned(),
                name: stem(&file.source.path().to_string_lossy()),
                doc: file
                    .tree
                    .doc
                    .map(|doc| literal::doc(file.source.slice(doc)).into()),
                includes: file
                    .includes
                    .iter()
                    .map(|include| Include {
                        path: include.path.clone(),
                        alias: include.alias.clone(),
                        found: include.found.clone(),
                        program: include.program,
                        line: file.source.line(include.span.start),
                    })
                    .collect(),
                namespaces: namespaces(file),
                definitions,
            })
            .collect()
    }

    fn link_typedefs(&mut self) -> Vec<Typedef> {
        self.typedef_types
            .resize_with(self.typedefs.len(), || Progress::New);
        let mut typedefs = Vec::with_capacity(self.typedefs.len());
        for index in 0..self.typedefs.len() {
            let resolved = self.typedef(TypedefId::at(index), 0);
            let (program, node) = self.typedefs[index];
            let (name, annotations, doc) = match node {
                TypedefNode::Typedef(node) => (node.name, node.annotations.as_deref(), node.doc),
                TypedefNode::Senum(node) => (node.name, node.annotations.as_deref(), node.doc),
            };
            if let Some(resolved) = resolved {
                typedefs.push(Typedef {
                    program,
                    name: self.name(program, name),
                    ty: resolved.ty,
                    annotations: self.annotations(program, annotations),
                    doc: self.doc(program, doc),
                    line: self.line(program, name),
                });
            }
        }
        typedefs
    }

    fn link_consts(&mut self) -> Vec<Const> {
        self.const_values
            .resize_with(self.consts.len(), || Progress::New);
        for index in 0..self.consts.len() {
            self.constant(ConstId::at(index), 0);
        }
        let states = std::mem::take(&mut self.const_values);
        let mut consts = Vec::with_capacity(states.len());
        for (index, state) in states.iter().enumerate() {
            let Progress::Done(Some(linked)) = state else {
                continue;
            };
            let Site { program, node } = self.consts[index];
            consts.push(Const {
                program,
                name: self.name(program, node.name),
                ty: linked.ty.clone(),
                value: linked.value.clone(),
                annotations: self.annotations(program, node.annotations.as_deref()),
                doc: self.doc(program, node.doc),
                line: self.line(program, node.name),
            });
        }
        // Defaults of fields still refer to them.
        self.const_values = states;
        consts
    }

    // --- the files ---

    fn file(&self, program: ProgramId) -> &'a LoadedFile {
        &self.files[program.index()]
    }

    fn source(&self, program: ProgramId) -> &'a Arc<SourceFile> {
        &self.file(program).source
    }

    fn text(&self, program: ProgramId, span: Span) -> &'a str {
        self.source(program).slice(span)
    }

    fn name(&self, program: ProgramId, name: Name) -> Text {
        Text::new(self.source(program), name.span)
    }

    fn line(&self, program: ProgramId, name: Name) -> u32 {
        let last = &self.last_lines[program.index()];
        last.set(self.source(program).line_near(last.get(), name.span.start));
        last.get()
    }

    fn doc(&self, program: ProgramId, doc: Option<Span>) -> Option<Box<str>> {
        doc.map(|span| literal::doc(self.text(program, span)).into())
    }

    fn annotations(
        &self,
        program: ProgramId,
        annotations: Option<&syntax::Annotations>,
    ) -> Rare<Annotation> {
        annotations_of(self.source(program), annotations)
    }

    fn diagnostic(
        &self,
        code: Code,
        program: ProgramId,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(code, self.source(program), span, message)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

fn annotations_of(
    source: &SourceFile,
    annotations: Option<&syntax::Annotations>,
) -> Rare<Annotation> {
    let items = annotations.map_or(&[][..], |annotations| &annotations.items);
    items
        .iter()
        .map(|annotation| Annotation {
            key: source.slice(annotation.key.span).to_owned(),
            value: annotation
                .value
                .map(|value| literal::text(source.slice(value.span)).into_owned()),
        })
        .collect()
}

fn namespaces(file: &LoadedFile) -> Vec<Namespace> {
    let source = &file.source;
    file.tree
        .headers
        .iter()
        .filter_map(|header| match header {
            Header::Namespace(namespace) => Some(Namespace {
                scope: source.slice(namespace.scope.span).to_owned(),
                name: match namespace.name {
                    NamespaceName::Name(name) => source.slice(name.span).to_owned(),
                    NamespaceName::Quoted(name) => {
                        literal::text(source.slice(name.span)).into_owned()
                    }
                },
                annotations: annotations_of(source, namespace.annotations.as_deref()),
                line: source.line(namespace.name.span().start),
            }),
            _ => None,
        })
        .collect()
}

/// The file name without its `.thrift`, by which other files refer to it. A
/// name may have more dots; only another extension than `.thrift` is cut at
/// the last of them, as Python's `splitext` does.
pub(super) fn stem(path: &str) -> String {
    let name = path
        .rsplit(['/', std::path::MAIN_SEPARATOR])
        .next()
        .unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => name.to_owned(),
    }
}

impl<'a> Linker<'a> {
    /// Numbers all definitions and notes their names.
    fn declare(&mut self) -> Vec<Vec<Definition>> {
        let files = self.files;
        let mut all = Vec::with_capacity(files.len());
        for (index, file) in files.iter().enumerate() {
            let program = ProgramId::at(index);
            let definitions = &file.tree.definitions;
            let mut scope = Scope::new(file, definitions.len());
            let mut ids = Vec::with_capacity(definitions.len());
            for node in definitions {
                let (definition, name) = self.number(program, node);
                ids.push(definition);
                let text = self.text(program, name.span);
                scope.add(text, definition, name.span);
            }
            self.scopes.push(scope);
            self.report_duplicates(program);
            all.push(ids);
        }
        all
    }

    fn number(
        &mut self,
        program: ProgramId,
        definition: &'a syntax::Definition,
    ) -> (Definition, Name) {
        match definition {
            syntax::Definition::Const(node) => {
                let id = ConstId::at(self.consts.len());
                self.consts.push(Site { program, node });
                (Definition::Const(id), node.name)
            }
            syntax::Definition::Typedef(node) => {
                let id = TypedefId::at(self.typedefs.len());
                self.typedefs.push((program, TypedefNode::Typedef(node)));
                (Definition::Typedef(id), node.name)
            }
            syntax::Definition::Senum(node) => {
                let id = TypedefId::at(self.typedefs.len());
                self.typedefs.push((program, TypedefNode::Senum(node)));
                (Definition::Typedef(id), node.name)
            }
            syntax::Definition::Enum(node) => {
                let id = EnumId::at(self.enums.len());
                self.enums.push(Site { program, node });
                (Definition::Enum(id), node.name)
            }
            syntax::Definition::Struct(node) => {
                let id = StructId::at(self.structs.len());
                self.structs.push(Site { program, node });
                (Definition::Struct(id), node.name)
            }
            syntax::Definition::Service(node) => {
                let id = ServiceId::at(self.services.len());
                self.services.push(Site { program, node });
                (Definition::Service(id), node.name)
            }
        }
    }
}
