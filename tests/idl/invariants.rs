//! What must hold for every text, whoever has made it: the fixtures, the
//! random texts of the tests, or a fuzzer.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use fastthrift::idl::lexer::Lexer;
use fastthrift::idl::syntax::File;
use fastthrift::idl::{
    Diagnostic, ParseOptions, Parsed, SourceFile, Span, Token, TokenKind, Visitor, parse, print,
    render, walk,
};
use fastthrift::schema::{Memory, Options, ProgramId, load};

/// Checks that the ranges of a tree nest, in order, and hold some text.
struct RangeCheck {
    parents: Vec<(Span, u32)>,
}

impl Visitor for RangeCheck {
    fn enter(&mut self, node: &'static str, span: Span, leaf: bool) {
        assert!(
            span.start < span.end || node == "file",
            "empty {node} {span:?}"
        );
        if let Some((parent, next)) = self.parents.last_mut() {
            assert!(
                parent.contains(span),
                "{node} {span:?} outside of {parent:?}"
            );
            // A requiredness comes before its type and so on, but `cpp_type`
            // is told of after the element type it may stand before.
            if node != "cpp_type" {
                assert!(
                    *next <= span.start,
                    "{node} {span:?} before its elder sibling"
                );
                *next = span.end;
            }
        }
        assert!(!leaf || node != "file");
        self.parents.push((span, span.start));
    }

    fn leave(&mut self) {
        self.parents.pop();
    }
}

/// Tokens cover the text, ranges nest, and diagnostics point into the text.
pub fn check_parsing(bytes: &[u8]) {
    let source = Arc::new(SourceFile::new("checked.thrift", bytes.to_vec()));
    assert_eq!(source.text().len(), bytes.len());

    let mut at = 0;
    for token in Lexer::new(source.text()) {
        assert_eq!(token.span.start, at, "a gap between tokens");
        assert!(token.span.end > at, "an empty token");
        assert!(source.text().is_char_boundary(token.span.end as usize));
        at = token.span.end;
    }
    assert_eq!(at as usize, bytes.len(), "the tokens end before the text");

    let parsed = parse(&source, ParseOptions::default());
    walk(
        &parsed.file,
        &mut RangeCheck {
            parents: Vec::new(),
        },
    );
    for diagnostic in &parsed.diagnostics {
        let range = diagnostic.span.range();
        assert!(source.text().get(range).is_some(), "{diagnostic}");
    }
}

/// Everything a user can have done with a text: it is loaded, or there are
/// errors that can be shown.
pub fn check_loading(bytes: &[u8]) {
    let sources = Memory::text("any.thrift", bytes);
    match load("any.thrift", &sources, &Options::default()) {
        Ok(schema) => {
            assert!(schema.warnings.iter().all(|warning| !warning.is_error()));
            let root = schema.programs.len() - 1;
            assert!(!schema.json(ProgramId(root as u32)).is_empty());
        }
        Err(diagnostics) => {
            assert!(diagnostics.iter().any(Diagnostic::is_error));
            for diagnostic in &diagnostics {
                assert!(!render(diagnostic).is_empty());
                assert!(!diagnostic.to_string().is_empty());
            }
        }
    }
}

/// The nodes of a tree and the texts of its leaves, without their places.
fn shape(source: &SourceFile, file: &File) -> String {
    struct Shape<'s> {
        source: &'s SourceFile,
        text: String,
    }
    impl Visitor for Shape<'_> {
        fn enter(&mut self, node: &'static str, span: Span, leaf: bool) {
            let text = if leaf { self.source.slice(span) } else { "" };
            write!(self.text, "{node} {text:?}(").unwrap();
        }
        fn leave(&mut self) {
            self.text.push_str(")\n");
        }
    }
    let mut shape = Shape {
        source,
        text: String::new(),
    };
    walk(file, &mut shape);
    shape.text
}

/// The comments of a text in order; one that documents nothing may have lost
/// the stars that say that it does.
fn comments(text: &str) -> Vec<String> {
    Lexer::new(text)
        .filter(|token| {
            matches!(
                token.kind,
                TokenKind::LineComment | TokenKind::BlockComment | TokenKind::DocComment
            )
        })
        .map(|token| {
            let comment = text[token.span.range()].trim_ascii_end();
            match comment.strip_prefix("/**") {
                Some(doc) => format!("/*{}", doc.trim_start_matches('*')),
                None => comment.to_owned(),
            }
        })
        .collect()
}

/// Where the lines of a text end that things have of their own.
struct Lines<'s> {
    source: &'s SourceFile,
    depth: usize,
    things: Vec<Span>,
    docs: Vec<Span>,
    comments: Vec<Token>,
}

impl Visitor for Lines<'_> {
    fn enter(&mut self, node: &'static str, span: Span, _: bool) {
        match node {
            "doc" => self.docs.push(span),
            "item" | "field" | "function" => self.things.push(span),
            _ if self.depth == 1 => self.things.push(span),
            _ => {}
        }
        self.depth += 1;
    }
    fn leave(&mut self) {
        self.depth -= 1;
    }
}

impl<'s> Lines<'s> {
    fn of(source: &'s SourceFile, file: &File) -> Self {
        let comments = Lexer::new(source.text()).filter(|token| {
            matches!(
                token.kind,
                TokenKind::LineComment | TokenKind::BlockComment | TokenKind::DocComment
            )
        });
        let mut lines = Self {
            source,
            depth: 0,
            things: Vec::new(),
            docs: Vec::new(),
            comments: comments.collect(),
        };
        walk(file, &mut lines);
        lines
    }

    /// Which comments stand behind which thing, both by number: those that
    /// nothing parts from its end but separators.
    fn comments_behind(&self) -> BTreeSet<(usize, usize)> {
        let mut found = BTreeSet::new();
        for (thing, span) in self.things.iter().enumerate() {
            let mut end = span.end;
            let next = |comment: &Token| comment.span.start < span.end;
            let next = self.comments.partition_point(next);
            for (comment, token) in self.comments.iter().enumerate().skip(next) {
                let between = self.source.slice(Span::new(end, token.span.start));
                if between.contains(|c| !matches!(c, ' ' | '\t' | ',' | ';'))
                    || self.docs.contains(&token.span)
                {
                    break;
                }
                found.insert((thing, comment));
                end = token.span.end;
                if token.kind == TokenKind::LineComment {
                    break;
                }
            }
        }
        found
    }
}

/// A text without mistakes is printed as one that parses to the same tree, has
/// the same comments, those behind a line behind it, and is printed the same.
/// Tells whether the text is one.
pub fn check_printing(bytes: &[u8]) -> bool {
    let source = Arc::new(SourceFile::new("checked.thrift", bytes.to_vec()));
    let Parsed { file, diagnostics } = parse(&source, ParseOptions::default());
    if diagnostics.iter().any(Diagnostic::is_error) {
        return false;
    }
    let printed = print(&source, &file);
    let again = Arc::new(SourceFile::new(
        "printed.thrift",
        printed.clone().into_bytes(),
    ));
    let reparsed = parse(&again, ParseOptions::default());
    let codes = |diagnostics: &[Diagnostic]| -> Vec<_> {
        diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect()
    };
    assert_eq!(
        codes(&diagnostics),
        codes(&reparsed.diagnostics),
        "{printed}"
    );
    assert_eq!(
        shape(&source, &file),
        shape(&again, &reparsed.file),
        "{printed}"
    );
    assert_eq!(print(&again, &reparsed.file), printed);
    assert_eq!(comments(source.text()), comments(&printed), "{printed}");
    let behind = Lines::of(&again, &reparsed.file).comments_behind();
    let lines = Lines::of(&source, &file);
    if let Some((_, comment)) = lines.comments_behind().difference(&behind).next() {
        panic!(
            "{:?} has left the line of a thing:\n{}\n\n{printed}",
            comments(source.text())[*comment],
            source.text(),
        );
    }
    true
}
