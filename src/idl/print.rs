//! A syntax tree as text again, one way of writing each thing.
//!
//! What is printed parses to the same tree, but for the places of things and
//! the texts of comments that document nothing, which no tree holds. Made for
//! trees without mistakes.

use super::source::{SourceFile, Span};
use super::syntax::{
    Annotations, Const, Definition, Enum, Field, FieldValue, File, Function, Header, Literal, Name,
    ReturnType, Senum, Service, Struct, StructKind, StructuredAnnotation, Type, TypeKind, Typedef,
    Value, ValueKind, Xsd,
};

/// The text of a tree that was parsed from this source.
#[must_use]
pub fn print(source: &SourceFile, file: &File) -> String {
    let mut printer = Printer {
        source,
        text: String::new(),
        indent: 0,
    };
    let mut doc = file.doc;
    for header in &file.headers {
        printer.before(doc.take_if(|doc| doc.start < header.span().start), &[]);
        printer.header(header);
        printer.end_line();
    }
    printer.before(doc, &[]);
    for definition in &file.definitions {
        printer.definition(definition);
        printer.end_line();
    }
    printer.text
}

struct Printer<'s> {
    source: &'s SourceFile,
    text: String,
    indent: usize,
}

impl Printer<'_> {
    // --- pieces ---

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn copy(&mut self, span: Span) {
        let text = self.source.slice(span);
        self.text.push_str(text);
    }

    fn end_line(&mut self) {
        self.text.push('\n');
        for _ in 0..self.indent {
            self.text.push_str("  ");
        }
    }

    fn name(&mut self, name: Name) {
        self.copy(name.span);
    }

    /// A word after a blank, if it is there.
    fn word(&mut self, word: Option<Name>) {
        if let Some(word) = word {
            self.put(" ");
            self.name(word);
        }
    }

    fn literal(&mut self, literal: Literal) {
        self.copy(literal.span);
    }

    /// Things between brackets, each on a line of its own.
    fn block<T>(
        &mut self,
        [open, close]: [&str; 2],
        items: &[T],
        mut item: impl FnMut(&mut Self, &T),
    ) {
        self.put(open);
        self.indent += 1;
        for each in items {
            self.end_line();
            item(self, each);
            self.put(",");
        }
        self.indent -= 1;
        if !items.is_empty() {
            self.end_line();
        }
        self.put(close);
    }

    /// Things between brackets, on one line.
    fn list<T>(
        &mut self,
        [open, close]: [&str; 2],
        items: &[T],
        mut item: impl FnMut(&mut Self, &T),
    ) {
        self.put(open);
        for (index, each) in items.iter().enumerate() {
            if index > 0 {
                self.put(", ");
            }
            item(self, each);
        }
        self.put(close);
    }

    /// What stands before a thing, each on a line of its own.
    fn before(&mut self, doc: Option<Span>, structured: &[StructuredAnnotation]) {
        if let Some(doc) = doc {
            self.copy(doc);
            self.end_line();
        }
        for annotation in structured {
            self.put("@");
            self.name(annotation.name);
            if let Some(fields) = &annotation.fields {
                self.field_values(fields);
            }
            self.end_line();
        }
    }

    fn annotations(&mut self, annotations: Option<&Annotations>) {
        let Some(annotations) = annotations else {
            return;
        };
        self.list([" (", ")"], &annotations.items, |printer, annotation| {
            printer.name(annotation.key);
            if let Some(value) = annotation.value {
                printer.put(" = ");
                printer.literal(value);
            }
        });
    }

    // --- headers and definitions ---

    fn header(&mut self, header: &Header) {
        match header {
            Header::Package(node) => {
                self.before(None, &node.structured);
                match node.name {
                    Some(name) => {
                        self.put("package ");
                        self.literal(name);
                    }
                    None => self.put("package;"),
                }
            }
            Header::Include(node) => {
                self.put("include ");
                self.literal(node.path);
                if let Some(alias) = node.alias {
                    self.put(" as ");
                    self.name(alias);
                }
            }
            Header::ForeignInclude(node) => {
                self.put(node.language.as_str());
                self.put(" ");
                self.literal(node.path);
            }
            Header::Namespace(node) => {
                self.put("namespace ");
                self.name(node.scope);
                self.put(" ");
                self.copy(node.name.span());
                self.annotations(node.annotations.as_deref());
            }
        }
    }

    fn definition(&mut self, definition: &Definition) {
        match definition {
            Definition::Const(node) => self.constant(node),
            Definition::Typedef(node) => self.typedef(node),
            Definition::Enum(node) => self.enumeration(node),
            Definition::Senum(node) => self.senum(node),
            Definition::Struct(node) => self.structure(node),
            Definition::Service(node) => self.service(node),
        }
    }

    fn constant(&mut self, node: &Const) {
        self.before(node.doc, &node.structured);
        self.put("const ");
        self.ty(&node.ty);
        self.put(" ");
        self.name(node.name);
        self.put(" = ");
        self.value(&node.value);
        self.annotations(node.annotations.as_deref());
    }

    fn typedef(&mut self, node: &Typedef) {
        self.before(node.doc, &node.structured);
        self.put("typedef ");
        self.ty(&node.ty);
        self.put(" ");
        self.name(node.name);
        self.annotations(node.annotations.as_deref());
    }

    fn enumeration(&mut self, node: &Enum) {
        self.before(node.doc, &node.structured);
        self.put("enum ");
        self.name(node.name);
        self.block([" {", "}"], &node.items, |printer, item| {
            printer.before(item.doc, &item.structured);
            printer.name(item.name);
            if let Some(value) = item.value {
                printer.put(" = ");
                printer.copy(value.span);
            }
            printer.annotations(item.annotations.as_deref());
        });
        self.annotations(node.annotations.as_deref());
    }

    fn senum(&mut self, node: &Senum) {
        self.before(node.doc, &node.structured);
        self.put("senum ");
        self.name(node.name);
        self.block([" {", "}"], &node.items, |printer, item| {
            printer.literal(*item);
        });
        self.annotations(node.annotations.as_deref());
    }

    fn structure(&mut self, node: &Struct) {
        self.before(node.doc, &node.structured);
        for qualifier in &*node.qualifiers {
            self.name(*qualifier);
            self.put(" ");
        }
        self.put(match node.kind {
            StructKind::Struct => "struct ",
            StructKind::Union => "union ",
            StructKind::Exception => "exception ",
        });
        self.name(node.name);
        self.word(node.xsd_all);
        self.block([" {", "}"], &node.fields, Self::field);
        self.annotations(node.annotations.as_deref());
    }

    fn field(&mut self, node: &Field) {
        self.before(node.doc, &node.structured);
        if let Some(id) = node.id {
            self.copy(id.span);
            self.put(": ");
        }
        if let Some(requiredness) = node.requiredness {
            self.copy(requiredness.span);
            self.put(" ");
        }
        self.ty(&node.ty);
        self.word(node.reference());
        self.put(" ");
        self.name(node.name);
        if let Some(default) = &node.default {
            self.put(" = ");
            self.value(default);
        }
        if let Some(xsd) = node.xsd() {
            self.xsd(xsd);
        }
        self.annotations(node.annotations.as_deref());
    }

    fn xsd(&mut self, xsd: &Xsd) {
        self.word(xsd.optional);
        self.word(xsd.nillable);
        if let Some(attributes) = &xsd.attributes {
            self.block([" xsd_attrs {", "}"], &attributes.fields, Self::field);
        }
    }

    fn service(&mut self, node: &Service) {
        self.before(node.doc, &node.structured);
        self.put("service ");
        self.name(node.name);
        if let Some(extends) = node.extends {
            self.put(" extends ");
            self.name(extends);
        }
        self.block([" {", "}"], &node.functions, Self::function);
        self.annotations(node.annotations.as_deref());
    }

    fn function(&mut self, node: &Function) {
        self.before(node.doc, &node.structured);
        if let Some(qualifier) = node.qualifier {
            self.name(qualifier.word());
            self.put(" ");
        }
        match &node.result {
            ReturnType::Void(span) => self.copy(*span),
            ReturnType::Type(ty) => self.ty(ty),
        }
        self.put(" ");
        self.name(node.name);
        self.block(["(", ")"], &node.arguments, Self::field);
        if let Some(throws) = &node.throws {
            self.block([" throws (", ")"], &throws.fields, Self::field);
        }
        self.annotations(node.annotations.as_deref());
    }

    // --- types and values ---

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Base(base) => self.put(base.as_str()),
            TypeKind::Named(name) => self.name(*name),
            TypeKind::List(of) => {
                self.put("list");
                self.container(&[&of.element], &of.cpp_types);
            }
            TypeKind::Set(of) => {
                self.put("set");
                self.container(&[&of.element], &of.cpp_types);
            }
            TypeKind::Map(of) => {
                self.put("map");
                self.container(&[&of.key, &of.value], &of.cpp_types);
            }
        }
        self.annotations(ty.annotations.as_deref());
    }

    /// Of two C++ names, which only a list can have, one stands behind.
    fn container(&mut self, elements: &[&Type], cpp_types: &[Literal]) {
        let (before, behind) = cpp_types.split_at(cpp_types.len().min(1));
        self.cpp_types(before);
        self.list(["<", ">"], elements, |printer, element| printer.ty(element));
        self.cpp_types(behind);
    }

    fn cpp_types(&mut self, cpp_types: &[Literal]) {
        for cpp_type in cpp_types {
            self.put(" cpp_type ");
            self.literal(*cpp_type);
        }
    }

    fn value(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::Bool(_)
            | ValueKind::Integer
            | ValueKind::Double
            | ValueKind::Literal
            | ValueKind::Reference => self.copy(value.span),
            ValueKind::List(elements) => self.list(["[", "]"], elements, Self::value),
            ValueKind::Map(entries) => {
                self.list(["{", "}"], entries, |printer, (key, value)| {
                    printer.value(key);
                    printer.put(": ");
                    printer.value(value);
                });
            }
            ValueKind::Struct { name, fields } => {
                self.name(*name);
                self.field_values(fields);
            }
        }
    }

    fn field_values(&mut self, fields: &[FieldValue]) {
        self.list(["{", "}"], fields, |printer, field| {
            printer.name(field.name);
            printer.put(" = ");
            printer.value(&field.value);
        });
    }
}
