//! A syntax tree as text again, one way of writing each thing.
//!
//! What is printed parses to the same tree, and has all comments. Lines stay
//! apart where the source has them apart, by one empty line at most; lists
//! that were over several lines, or are too long for one, have a line for each
//! element. A comment in a place that is not printed as it was written (within
//! a type, say) stands behind its line, or before it where it ends lines, so that
//! the comments behind that line stay there; behind the bracket of a value over several
//! lines it stays where it is. Made for trees without mistakes.

mod comments;

use comments::{Comment, comments};

use super::source::{SourceFile, Span};
use super::syntax::{
    Annotation, Annotations, Const, Definition, Enum, Field, FieldValue, File, Function, Header,
    Literal, Name, ReturnType, Senum, Service, Struct, StructKind, StructuredAnnotation, Type,
    TypeKind, Typedef, Value, ValueKind, Xsd,
};

/// The longest line that a list without line ends may make, in bytes.
const WIDTH: usize = 100;

/// The text of a tree that was parsed from this source.
#[must_use]
pub fn print(source: &SourceFile, file: &File) -> String {
    let mut printer = Printer {
        source,
        text: String::new(),
        indent: 0,
        comments: comments(source, file),
        next: 0,
        end: 0,
        flat: false,
        line: LineStart::default(),
    };
    for header in &file.headers {
        printer.item(header.span(), "", |printer| printer.header(header));
    }
    for definition in &file.definitions {
        printer.item(definition.span(), "", |printer| {
            printer.definition(definition);
        });
    }
    printer.comments_before(u32::MAX);
    printer.text
}

/// The part of a definition behind its name.
fn body(name: Span, definition: Span) -> Span {
    Span::new(name.end, definition.end)
}

/// How many line ends a text has; two characters may be one.
fn line_ends(text: &str) -> usize {
    let lone = |(index, _): &(usize, &str)| !text[index + 1..].starts_with('\n');
    text.matches('\n').count() + text.match_indices('\r').filter(lone).count()
}

struct Printer<'s> {
    source: &'s SourceFile,
    text: String,
    indent: usize,
    comments: Vec<Comment>,
    /// The first comment that is not printed yet.
    next: usize,
    /// Up to here the source is printed.
    end: u32,
    /// Within a list that is tried on one line.
    flat: bool,
    /// Where the thing begins that is being printed.
    line: LineStart,
}

/// A line that was begun.
#[derive(Clone, Copy, Default)]
struct LineStart {
    /// Where in the text, with the empty line before it.
    start: usize,
    /// The first comment that was not printed then.
    next: usize,
    /// A list over several lines is behind it: what comes now is in its last one.
    is_broken: bool,
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
    }

    /// Starts a line, behind an empty one where the source has one.
    fn start_line(&mut self, start: u32) {
        let between = self.source.slice(Span::new(self.end.min(start), start));
        let first = self.text.is_empty()
            || ["{\n", "(\n", "[\n"]
                .iter()
                .any(|open| self.text.ends_with(open));
        if !first && line_ends(between) > 1 {
            self.end_line();
        }
        self.text.extend(std::iter::repeat_n("  ", self.indent));
    }

    fn name(&mut self, name: Name) {
        self.copy(name.span);
    }

    /// A word after a blank, if it is there.
    fn word(&mut self, word: Option<Name>) {
        if let Some(word) = word {
            self.part(word.span.start);
            self.name(word);
        }
    }

    /// A blank before a part of a thing that starts at this place.
    fn part(&mut self, start: u32) {
        if self.comments_stay(start) {
            self.comments_in_place(start);
        } else {
            self.put(" ");
        }
    }

    /// Whether the comments before this place stay where they are: behind a list of
    /// several lines, where one of them ends its line.
    fn comments_stay(&self, place: u32) -> bool {
        let pending = &self.comments[self.next..];
        let mut before = pending
            .iter()
            .take_while(|comment| comment.span.start < place && !comment.documents);
        self.line.is_broken && !self.flat && before.any(|comment| comment.line)
    }

    /// The comments that start before a place, each where it is; what comes next is
    /// in the line behind one that ends its line.
    fn comments_in_place(&mut self, place: u32) {
        while let Some(comment) = self.comments.get(self.next)
            && comment.span.start < place
            && !comment.documents
        {
            let line = comment.line;
            if !self.text.ends_with([' ', '\n']) {
                self.put(" ");
            }
            self.comment(None);
            if line {
                self.end_line();
                self.text.extend(std::iter::repeat_n("  ", self.indent));
            } else {
                self.put(" ");
            }
        }
    }

    fn literal(&mut self, literal: Literal) {
        self.copy(literal.span);
    }

    // --- lines ---

    /// Something on a line of its own, with the comments before it and behind
    /// it.
    fn item(&mut self, span: Span, separator: &str, print: impl FnOnce(&mut Self)) {
        let start = self.first_token(span);
        self.comments_before(start);
        let line = LineStart {
            start: self.text.len(),
            next: self.next,
            is_broken: false,
        };
        let outer = std::mem::replace(&mut self.line, line);
        self.start_line(start);
        self.end = start;
        print(self);
        self.put(separator);
        self.end = span.end;
        self.comments_behind();
        self.end_line();
        self.line = outer;
    }

    /// Where a thing starts, without the doc comment that belongs to it.
    fn first_token(&self, span: Span) -> u32 {
        let pending = &self.comments[self.next..];
        pending
            .iter()
            .find(|comment| comment.span.start >= span.start)
            .filter(|comment| comment.span.start == span.start)
            .map_or(span.start, |doc| doc.before)
    }

    fn comment(&mut self, moved_before: Option<u32>) {
        let comment = &self.comments[self.next];
        let moved = moved_before.is_some_and(|before| before != comment.before);
        let span = comment.span;
        if comment.is_second || (comment.documents_nothing && moved) {
            // Of several stars one would be enough to document again.
            let text = self.source.slice(span)[2..].trim_start_matches('*');
            self.text.push_str("/*");
            self.text.push_str(text);
        } else if comment.line {
            let text = self.source.slice(span).trim_ascii_end();
            self.text.push_str(text);
        } else {
            self.copy(span);
        }
        self.end = span.end;
        self.next += 1;
    }

    /// The comments that start before the place of what comes next.
    fn comments_before(&mut self, place: u32) {
        self.comments_on_lines(place, Some(place));
    }

    /// The comments that start before a place, each on a line of its own.
    fn comments_on_lines(&mut self, place: u32, moved_before: Option<u32>) {
        while let Some(comment) = self.comments.get(self.next)
            && comment.span.start < place
        {
            self.start_line(comment.span.start);
            self.comment(moved_before);
            self.end_line();
        }
    }

    /// The comments that start before the end of what is printed, and were not:
    /// those that end lines, and the ones before them, go before the line, and
    /// the others behind it.
    fn comments_inside(&mut self) {
        if self.flat {
            // What is tried may be taken back.
            return;
        }
        let end = self.end;
        let pending = &self.comments[self.next..];
        let inside = pending
            .iter()
            .take_while(|comment| comment.span.start < end && !comment.documents);
        let ends_line = |comment: &Comment| line_ends(self.source.slice(comment.span)) > 0;
        let last = inside
            .enumerate()
            .filter(|(_, comment)| comment.line || ends_line(comment))
            .last();
        // Not where one behind them was printed in a line of its own.
        if let Some((last, _)) = last
            && self.next == self.line.next
        {
            let printed = self.text.split_off(self.line.start);
            let rest = printed.trim_start_matches('\n');
            self.put(&printed[..printed.len() - rest.len()]);
            for _ in 0..=last {
                let indent = rest.len() - rest.trim_start_matches(' ').len();
                self.put(&rest[..indent]);
                self.comment(Some(u32::MAX));
                self.end_line();
            }
            self.line.next = self.next;
            self.line.start = self.text.len();
            self.put(rest);
        }
        while let Some(comment) = self.comments.get(self.next)
            && comment.span.start < end
            && !comment.documents
            && !comment.line
        {
            self.put(" ");
            self.comment(Some(u32::MAX));
        }
        self.end = end;
    }

    /// The comments on the line where the last thing or bracket ends.
    fn comments_behind(&mut self) {
        self.comments_inside();
        while let Some(comment) = self.comments.get(self.next) {
            let start = comment.span.start;
            if comment.documents || start < self.end {
                return;
            }
            let between = self.source.slice(Span::new(self.end, start));
            if between.contains(|c| !matches!(c, ' ' | '\t' | ',' | ';')) {
                return;
            }
            let passed = matches!(self.byte_at(comment.before), b',' | b';');
            let before = if passed { u32::MAX } else { comment.before };
            let line = comment.line;
            self.put(" ");
            self.comment(Some(before));
            if line {
                return;
            }
        }
    }

    /// Where the bracket ends that opens a list; before it are names and words.
    fn bracket_end(&self, span: Span) -> u32 {
        let mut start = span.start;
        let known = self
            .comments
            .partition_point(|comment| comment.span.end <= start);
        for comment in &self.comments[known..] {
            let code = Span::new(start, comment.span.start.clamp(start, span.end));
            if let Some(at) = self.source.slice(code).find(['{', '(', '[']) {
                return start + at as u32 + 1;
            }
            start = comment.span.end;
        }
        let code = Span::new(start.min(span.end), span.end);
        let at = self.source.slice(code).find(['{', '(', '[']);
        at.map_or(span.start, |at| start + at as u32 + 1)
    }

    fn byte_at(&self, place: u32) -> u8 {
        let bytes = self.source.text().as_bytes();
        bytes.get(place as usize).copied().unwrap_or(0)
    }

    /// Whether a part of the source has comments that are not printed yet.
    fn has_comments(&self, span: Span) -> bool {
        let pending = &self.comments[self.next..];
        pending.iter().any(|comment| span.contains(comment.span))
    }

    /// Whether a part of the source is over several lines or has a comment.
    fn has_lines(&self, span: Span) -> bool {
        self.has_comments(span) || line_ends(self.source.slice(span)) > 0
    }

    // --- lists ---

    /// Things between brackets, each on a line of its own; `span` holds them.
    fn block<T>(
        &mut self,
        [open, close]: [&str; 2],
        items: &[T],
        span: Span,
        span_of: impl Fn(&T) -> Span,
        item: impl Fn(&mut Self, &T),
    ) {
        self.put(open);
        if !items.is_empty() || self.has_comments(span) {
            self.end = self.end.max(self.bracket_end(span));
            self.comments_behind();
        }
        let is_empty = items.is_empty() && !self.has_comments(span);
        if is_empty && self.text.ends_with(open) {
            self.put(close);
            return;
        }
        self.end_line();
        self.indent += 1;
        for each in items {
            self.item(span_of(each), ",", |printer| item(printer, each));
        }
        // A bracket, which nothing documents, comes next.
        self.comments_on_lines(span.end, None);
        self.indent -= 1;
        self.text.extend(std::iter::repeat_n("  ", self.indent));
        self.put(close);
        self.line.is_broken = true;
    }

    /// Things between brackets: on one line, where they are in the source and
    /// fit there.
    fn group<T>(
        &mut self,
        brackets: [&str; 2],
        items: &[T],
        span: Span,
        span_of: impl Fn(&T) -> Span,
        item: impl Fn(&mut Self, &T),
    ) {
        if self.flat || !self.has_lines(span) {
            let (before, end, line) = (self.text.len(), self.end, self.line);
            let within = std::mem::replace(&mut self.flat, true);
            self.list(brackets, items, &item);
            self.flat = within;
            self.line = line;
            let one_line = self.text.len() - before <= WIDTH && {
                let line = self.text.rfind('\n').map_or(0, |at| at + 1);
                line <= before && self.text.len() - line <= WIDTH
            };
            if within || one_line || items.is_empty() {
                return;
            }
            self.text.truncate(before);
            self.end = end;
        }
        self.block(brackets, items, span, span_of, item);
    }

    /// Things between brackets, on one line.
    fn list<T>(&mut self, [open, close]: [&str; 2], items: &[T], item: impl Fn(&mut Self, &T)) {
        self.put(open);
        for (index, each) in items.iter().enumerate() {
            if index > 0 {
                self.put(", ");
            }
            item(self, each);
        }
        self.put(close);
    }

    /// The annotations that stand before a thing, each on a line of its own.
    fn structured(&mut self, annotations: &[StructuredAnnotation]) {
        for annotation in annotations {
            self.put("@");
            self.name(annotation.name);
            if let Some(fields) = &annotation.fields {
                self.field_values(annotation.span, fields);
            }
            self.end = annotation.span.end;
            self.comments_behind();
            self.end_line();
            self.line = LineStart {
                start: self.text.len(),
                next: self.next,
                is_broken: false,
            };
            self.text.extend(std::iter::repeat_n("  ", self.indent));
        }
    }

    fn annotations(&mut self, annotations: Option<&Annotations>) {
        let Some(annotations) = annotations else {
            return;
        };
        self.part(annotations.span.start);
        let print = |printer: &mut Self, annotation: &Annotation| {
            printer.name(annotation.key);
            if let Some(value) = annotation.value {
                printer.put(" = ");
                printer.literal(value);
            }
        };
        let brackets = ["(", ")"];
        if self.comments_stay(annotations.span.end) {
            let span_of = |annotation: &Annotation| annotation.span;
            self.block(
                brackets,
                &annotations.items,
                annotations.span,
                span_of,
                print,
            );
        } else {
            self.list(brackets, &annotations.items, print);
        }
    }

    // --- headers and definitions ---

    fn header(&mut self, header: &Header) {
        match header {
            Header::Package(node) => {
                self.structured(&node.structured);
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
        self.structured(&node.structured);
        self.put("const ");
        self.ty(&node.ty);
        self.put(" ");
        self.name(node.name);
        self.put(" = ");
        self.value(&node.value);
        self.annotations(node.annotations.as_deref());
    }

    fn typedef(&mut self, node: &Typedef) {
        self.structured(&node.structured);
        self.put("typedef ");
        self.ty(&node.ty);
        self.put(" ");
        self.name(node.name);
        self.annotations(node.annotations.as_deref());
    }

    fn enumeration(&mut self, node: &Enum) {
        self.structured(&node.structured);
        self.put("enum ");
        self.name(node.name);
        self.block(
            [" {", "}"],
            &node.items,
            body(node.name.span, node.span),
            |item| item.span,
            |printer, item| {
                printer.structured(&item.structured);
                printer.name(item.name);
                if let Some(value) = item.value {
                    printer.put(" = ");
                    printer.copy(value.span);
                }
                printer.annotations(item.annotations.as_deref());
            },
        );
        self.annotations(node.annotations.as_deref());
    }

    fn senum(&mut self, node: &Senum) {
        self.structured(&node.structured);
        self.put("senum ");
        self.name(node.name);
        self.block(
            [" {", "}"],
            &node.items,
            body(node.name.span, node.span),
            |item| item.span,
            |printer, item| {
                printer.literal(*item);
            },
        );
        self.annotations(node.annotations.as_deref());
    }

    fn structure(&mut self, node: &Struct) {
        self.structured(&node.structured);
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
        self.block(
            [" {", "}"],
            &node.fields,
            body(node.xsd_all.unwrap_or(node.name).span, node.span),
            |field| field.span,
            Self::field,
        );
        self.annotations(node.annotations.as_deref());
    }

    fn field(&mut self, node: &Field) {
        self.structured(&node.structured);
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
            self.part(attributes.span.start);
            self.block(
                ["xsd_attrs {", "}"],
                &attributes.fields,
                attributes.span,
                |field| field.span,
                Self::field,
            );
        }
    }

    fn service(&mut self, node: &Service) {
        self.structured(&node.structured);
        self.put("service ");
        self.name(node.name);
        if let Some(extends) = node.extends {
            self.put(" extends ");
            self.name(extends);
        }
        self.block(
            [" {", "}"],
            &node.functions,
            body(node.extends.unwrap_or(node.name).span, node.span),
            |function| function.span,
            Self::function,
        );
        self.annotations(node.annotations.as_deref());
    }

    fn function(&mut self, node: &Function) {
        self.structured(&node.structured);
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
        let behind = match (&node.throws, &node.annotations) {
            (Some(throws), _) => throws.span.start,
            (None, Some(annotations)) => annotations.span.start,
            (None, None) => node.span.end,
        };
        let arguments = Span::new(node.name.span.end, behind);
        self.group(
            ["(", ")"],
            &node.arguments,
            arguments,
            |field| field.span,
            Self::field,
        );
        if let Some(throws) = &node.throws {
            self.part(throws.span.start);
            self.group(
                ["throws (", ")"],
                &throws.fields,
                throws.span,
                |field| field.span,
                Self::field,
            );
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
            ValueKind::List(elements) => {
                self.group(
                    ["[", "]"],
                    elements,
                    value.span,
                    |element| element.span,
                    Self::value,
                );
            }
            ValueKind::Map(entries) => {
                self.group(
                    ["{", "}"],
                    entries,
                    value.span,
                    |(key, value)| key.span.to(value.span),
                    |printer, (key, value)| {
                        printer.value(key);
                        if printer.comments_stay(value.span.start) {
                            printer.comments_in_place(value.span.start);
                        }
                        printer.put(": ");
                        printer.value(value);
                    },
                );
            }
            ValueKind::Struct { name, fields } => {
                self.name(*name);
                self.field_values(value.span, fields);
            }
        }
    }

    fn field_values(&mut self, span: Span, fields: &[FieldValue]) {
        self.group(
            ["{", "}"],
            fields,
            span,
            |field| field.span,
            |printer, field| {
                printer.name(field.name);
                printer.put(" = ");
                printer.value(&field.value);
            },
        );
    }
}
