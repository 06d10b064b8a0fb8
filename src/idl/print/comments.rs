//! The comments of a text, and what they are to its tree.

use super::super::lexer::Lexer;
use super::super::source::{SourceFile, Span};
use super::super::syntax::File;
use super::super::token::TokenKind;
use super::super::walk::{Visitor, walk};

/// A comment that is to be printed.
pub(super) struct Comment {
    pub(super) span: Span,
    /// A doc comment that documents something.
    pub(super) documents: bool,
    /// A doc comment that documents nothing, and must not do so elsewhere.
    pub(super) documents_nothing: bool,
    /// One that would document the file if it were the first.
    pub(super) is_second: bool,
    /// Whether it goes on to the end of its line.
    pub(super) line: bool,
    /// Where the next token starts that is no comment.
    pub(super) before: u32,
}

/// All comments of a file, in order.
pub(super) fn comments(source: &SourceFile, file: &File) -> Vec<Comment> {
    /// Where doc comments are that document something.
    struct Docs(Vec<Span>);
    impl Visitor for Docs {
        fn enter(&mut self, node: &'static str, span: Span, _: bool) {
            if node == "doc" {
                self.0.push(span);
            }
        }
        fn leave(&mut self) {}
    }
    let mut docs = Docs(Vec::new());
    walk(file, &mut docs);
    docs.0.sort_unstable();

    let headers = file.headers.last().map_or(0, |header| header.span().end);
    let first = file.definitions.first();
    let between = headers..first.map_or(0, |definition| definition.span().start);
    let mut comments: Vec<Comment> = Vec::new();
    let mut waiting = 0;
    for token in Lexer::new(source.text()) {
        match token.kind {
            TokenKind::ByteOrderMark | TokenKind::Whitespace => {}
            TokenKind::LineComment | TokenKind::BlockComment | TokenKind::DocComment => {
                let documents = docs.0.binary_search(&token.span).is_ok();
                let documents_nothing = token.kind == TokenKind::DocComment && !documents;
                comments.push(Comment {
                    span: token.span,
                    documents,
                    documents_nothing,
                    is_second: documents_nothing && between.contains(&token.span.start),
                    line: token.kind == TokenKind::LineComment,
                    before: u32::MAX,
                });
            }
            _ => {
                for comment in &mut comments[waiting..] {
                    comment.before = token.span.start;
                }
                waiting = comments.len();
            }
        }
    }
    comments
}
