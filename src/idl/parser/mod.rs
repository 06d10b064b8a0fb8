//! Tokens to a syntax tree.
//!
//! Recursive descent, one file per construct. A production that meets
//! something it cannot use reports it once and returns [`Failed`]; the list
//! it belongs to (the fields of a struct, the definitions of a file) skips to
//! where the next element may start and goes on.

mod annotations;
mod constants;
mod definitions;
mod enums;
mod headers;
mod recovery;
mod services;
mod structs;
mod tokens;
mod types;
mod unsupported;

use std::sync::Arc;

use super::diagnostic::{Code, Diagnostic, Severity};
use super::literal;
use super::python;
use super::reserved::is_reserved;
use super::source::{SourceFile, Span};
use super::syntax::{File, Literal, Name};
use super::token::{Keyword, Token, TokenKind};
use annotations::Before;
use tokens::Tokens;

/// How deep types and values may be nested, and how many definitions may wait
/// for each other: more levels than the 64 of messages, and so few that a
/// small stack has room for them.
pub const MAX_NESTING: u32 = 100;

/// What is said of more levels.
pub(crate) fn nested_too_deeply() -> String {
    format!("more than {MAX_NESTING} levels within each other")
}

/// What to do with names that some target language keeps for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reserved {
    /// Take them, and tell where one is given to something.
    #[default]
    Tell,
    /// Take them as any other name.
    Allow,
    /// Refuse them, as thriftpy2 does.
    Refuse,
}

/// How to parse.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParseOptions {
    /// What to do with names that some target language keeps for itself.
    pub reserved: Reserved,
}

/// What parsing gives.
#[derive(Debug)]
pub struct Parsed {
    /// What could be understood.
    pub file: File,
    /// What could not, by its place in the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a file. Never fails: the tree holds what could be understood.
#[must_use]
pub fn parse(source: &Arc<SourceFile>, options: ParseOptions) -> Parsed {
    let mut parser = Parser::new(source, options);
    let file = parser.file();
    let mut diagnostics = parser.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    Parsed { file, diagnostics }
}

/// A production could not go on, and has said why.
#[derive(Debug)]
struct Failed;

type Result<T> = std::result::Result<T, Failed>;

struct Parser<'s> {
    source: &'s Arc<SourceFile>,
    options: ParseOptions,
    tokens: Tokens<'s>,
    nesting: u32,
    /// Within an annotation.
    in_annotation: bool,
    /// The reserved words that have been told of.
    told_of: Vec<&'s str>,
    /// The file has a `package`, so that it is fbthrift's.
    has_package: bool,
    diagnostics: Vec<Diagnostic>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s Arc<SourceFile>, options: ParseOptions) -> Self {
        Self {
            source,
            options,
            tokens: Tokens::new(source.text()),
            nesting: 0,
            in_annotation: false,
            told_of: Vec::new(),
            has_package: false,
            diagnostics: Vec::new(),
        }
    }

    fn file(&mut self) -> File {
        let mut file = File {
            span: Span::new(0, self.source.text().len() as u32),
            headers: Vec::new(),
            definitions: Vec::new(),
            doc: None,
        };
        while !self.at_end() {
            let before = self.tokens.passed();
            if self.top_level(&mut file).is_err() {
                self.skip_to_definition();
            }
            if self.tokens.passed() == before {
                self.advance();
            }
            // thriftpy2 takes a `;` after anything, Apache either separator
            // after some definitions.
            while self.separator() {}
        }
        file
    }

    fn top_level(&mut self, file: &mut File) -> Result<()> {
        if let Some(word) = self.at_header() {
            self.check_place_of_header(file);
            let doc = self.doc();
            note_doc(file, doc);
            let line = self.source.line(self.current().span.start);
            let header = self.header(word).inspect_err(|_| self.skip_line(line))?;
            file.headers.push(header);
            return Ok(());
        }
        let before = self.before()?;
        if self.is_word("package") {
            self.check_place_of_header(file);
            note_doc(file, before.doc);
            let line = self.source.line(self.current().span.start);
            let package = self.package(before).inspect_err(|_| self.skip_line(line))?;
            file.headers.push(package);
            return Ok(());
        }
        // Of two before the first definition the first is of the file.
        let first = before.doc.and_then(|doc| self.tokens.first_doc_before(doc));
        let headers = file.headers.last().map_or(0, |header| header.span().end);
        note_doc(file, first.filter(|doc| doc.start >= headers));
        if let Some(definition) = self.definition(before)? {
            file.definitions.push(definition);
        }
        Ok(())
    }

    /// Headers stand before the definitions.
    fn check_place_of_header(&mut self, file: &File) {
        if file.definitions.is_empty() {
            return;
        }
        let word = self.text(self.current().span);
        let message = format!("this `{word}` stands after a definition");
        let diagnostic = self
            .syntax(self.current(), message)
            .hint(format!("move the `{word}` before the first definition"));
        self.report(diagnostic);
    }

    // --- the current token ---

    fn token_at(&self, ahead: usize) -> Token {
        self.tokens.ahead(ahead)
    }

    fn current(&self) -> Token {
        self.token_at(0)
    }

    #[inline]
    fn kind(&self) -> TokenKind {
        self.current().kind
    }

    fn kind_at(&self, ahead: usize) -> TokenKind {
        self.token_at(ahead).kind
    }

    #[inline]
    fn is(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    fn is_keyword(&self, keyword: Keyword) -> bool {
        self.is(TokenKind::Keyword(keyword))
    }

    /// Whether the current token is a name of this text: a word that only
    /// Apache's compiler knows.
    fn is_word(&self, word: &str) -> bool {
        self.is(TokenKind::Identifier) && self.text(self.current().span) == word
    }

    fn at_end(&self) -> bool {
        self.is(TokenKind::EndOfFile)
    }

    fn text(&self, span: Span) -> &'s str {
        self.source.slice(span)
    }

    #[inline]
    fn advance(&mut self) -> Token {
        self.tokens.advance()
    }

    #[inline]
    fn eat(&mut self, kind: TokenKind) -> Option<Token> {
        self.is(kind).then(|| self.advance())
    }

    fn eat_word(&mut self, word: &str) -> Option<Name> {
        self.is_word(word).then(|| Name {
            span: self.advance().span,
        })
    }

    #[inline]
    fn expect(&mut self, kind: TokenKind) -> Result<Token> {
        self.eat(kind)
            .ok_or_else(|| self.unexpected(kind.describe()))
    }

    /// One `,` or `;`, if it is there.
    #[inline]
    fn separator(&mut self) -> bool {
        let found = matches!(self.kind(), TokenKind::Comma | TokenKind::Semicolon);
        if found {
            self.advance();
        }
        found
    }

    /// From the start of a token to the end of the one before the current.
    fn span_from(&self, start: Span) -> Span {
        self.tokens
            .previous()
            .map_or(start, |previous| start.to(previous))
    }

    /// The doc comment that stands directly before the current token.
    fn doc(&mut self) -> Option<Span> {
        self.tokens.take_doc()
    }

    // --- names and texts ---

    /// A name that the file gives to something.
    fn name(&mut self, expected: &str) -> Result<Name> {
        let name = self.reference(expected)?;
        self.tell_of_reserved(name);
        Ok(name)
    }

    /// A name that something was given elsewhere.
    fn reference(&mut self, expected: &str) -> Result<Name> {
        if !self.is(TokenKind::Identifier) {
            return Err(self.unexpected(expected));
        }
        let name = Name {
            span: self.advance().span,
        };
        self.check_reserved(name);
        Ok(name)
    }

    /// Once for each word: who gives one to many things knows what it is.
    fn tell_of_reserved(&mut self, name: Name) {
        if self.options.reserved != Reserved::Tell {
            return;
        }
        let word = self.text(name.span);
        let (is_keyword, is_reserved) = (python::is_keyword(word), is_reserved(word));
        if !(is_keyword || is_reserved) || self.told_of.contains(&word) {
            return;
        }
        self.told_of.push(word);
        let message = if is_keyword {
            format!("`{word}` is a keyword of Python, where this is called `{word}_`")
        } else {
            format!("`{word}` is a word that some languages keep for themselves")
        };
        let mut diagnostic = self.diagnostic(Code::ReservedWord, name.span, message);
        if is_reserved {
            diagnostic.hint = Some("thriftpy2 and older compilers refuse it as a name".to_owned());
        }
        self.report(diagnostic);
    }

    fn check_reserved(&mut self, name: Name) {
        let word = self.text(name.span);
        if self.options.reserved == Reserved::Refuse && is_reserved(word) {
            let line = self.source.line(name.span.start);
            let diagnostic = self
                .diagnostic(
                    Code::ReservedWord,
                    name.span,
                    format!("`{word}` is a reserved word and cannot be a name"),
                )
                .with_severity(Severity::Error)
                .hint("rename it, or allow reserved words")
                .thriftpy2(format!(
                    "Cannot use reserved language keyword: {} at line {line}",
                    python::repr(word)
                ));
            self.report(diagnostic);
        }
    }

    /// A quoted text whose value matters.
    fn literal(&mut self) -> Result<Literal> {
        if !self.at_literal() {
            return Err(self.unexpected(TokenKind::Literal.describe()));
        }
        let span = self.advance().span;
        self.check_literal(span);
        Ok(Literal { span })
    }

    /// A forgotten quote is told where only fbthrift would take the text over
    /// several lines.
    fn at_literal(&self) -> bool {
        match self.kind() {
            TokenKind::Literal => true,
            TokenKind::LiteralOverLines => self.has_literals_of_fbthrift(),
            _ => false,
        }
    }

    fn has_literals_of_fbthrift(&self) -> bool {
        self.in_annotation || self.has_package
    }

    fn check_literal(&mut self, span: Span) {
        let text = self.text(span);
        let fbthrift = self.has_literals_of_fbthrift();
        if let Some((offset, character)) = literal::unknown_escape(text, fbthrift) {
            let start = span.start + offset as u32;
            let escape = Span::new(start, start + 1 + character.len_utf8() as u32);
            let diagnostic = self
                .diagnostic(
                    Code::UnknownEscape,
                    escape,
                    format!("`\\{character}` is not an escape"),
                )
                .expecting(r#"one of \t \r \n \\ \' \""#)
                .hint(r"a backslash itself is written `\\`")
                .thriftpy2(format!("Unexpected escaping character: {character}"));
            self.report(diagnostic);
        }
        if self.source.has_invalid_utf8(span) {
            let diagnostic = self
                .diagnostic(Code::InvalidUtf8, span, "this text is not UTF-8")
                .hint("save the file as UTF-8");
            self.report(diagnostic);
        } else if !literal::is_text(text) {
            let diagnostic = self
                .diagnostic(Code::InvalidUtf8, span, "these bytes are not UTF-8")
                .hint(r"the bytes of `\x` must be UTF-8 together; a character is `\u00e9`");
            self.report(diagnostic);
        }
    }

    // --- diagnostics ---

    fn diagnostic(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.source, span, message)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn deprecated(&mut self, name: Name, message: &str) {
        let diagnostic = self.diagnostic(Code::Deprecated, name.span, message);
        self.report(diagnostic);
    }

    /// Reports that the current token is not what is needed here.
    fn unexpected(&mut self, expected: &str) -> Failed {
        let token = self.current();
        let reported = self.diagnostics.last();
        if reported.is_some_and(|last| last.span.start == token.span.start && last.is_error()) {
            // An inner production has said what is wrong here.
            return Failed;
        }
        let diagnostic = match token.kind {
            // Neither Apache's compiler nor thriftpy2 knows of `@`.
            TokenKind::Illegal | TokenKind::At => self.illegal_character(token.span),
            TokenKind::UnterminatedLiteral | TokenKind::LiteralOverLines => {
                self.unterminated_literal(token.span)
            }
            TokenKind::UnterminatedComment => self
                .diagnostic(
                    Code::UnterminatedComment,
                    Span::new(token.span.start, token.span.start + 2),
                    "this comment does not end",
                )
                .hint("close it with `*/`")
                .thriftpy2(self.illegal_text(token.span)),
            _ => {
                let found = self.found(token);
                self.syntax(token, format!("expected {expected}, found {found}"))
                    .expecting(expected)
            }
        };
        self.report(diagnostic);
        Failed
    }

    /// A syntax error at a token, with thriftpy2's text for it.
    fn syntax(&self, token: Token, message: String) -> Diagnostic {
        let file = self.source.path().display();
        let thriftpy2 = if token.kind == TokenKind::EndOfFile {
            format!("Grammar error at EOF of the file '{file}'")
        } else {
            format!(
                "Grammar error {} at line {} of the file '{file}'",
                self.token_repr(token),
                self.source.line(token.span.start),
            )
        };
        self.diagnostic(Code::Syntax, token.span, message)
            .thriftpy2(thriftpy2)
    }

    fn found(&self, token: Token) -> String {
        match token.kind {
            TokenKind::Identifier | TokenKind::Integer | TokenKind::Double => {
                format!("`{}`", shortened(self.text(token.span)))
            }
            kind => kind.describe().to_owned(),
        }
    }

    /// The `repr()` of the value that thriftpy2's lexer gives a token.
    fn token_repr(&self, token: Token) -> String {
        let text = self.text(token.span);
        match token.kind {
            TokenKind::Integer => match literal::integer(text) {
                literal::ParsedInteger::Small(value) => value.to_string(),
                literal::ParsedInteger::Big(text) => text,
            },
            TokenKind::Double => python::repr_double(literal::double(text)),
            TokenKind::Literal | TokenKind::LiteralOverLines => python::repr(&literal::text(text)),
            TokenKind::Keyword(Keyword::True) => "True".to_owned(),
            TokenKind::Keyword(Keyword::False) => "False".to_owned(),
            _ => python::repr(text),
        }
    }

    fn illegal_character(&self, span: Span) -> Diagnostic {
        let text = self.text(span);
        let message = if self.source.has_invalid_utf8(span) {
            "this byte is not UTF-8 text".to_owned()
        } else {
            format!("illegal character {}", python::repr(text))
        };
        let diagnostic = self
            .diagnostic(Code::IllegalCharacter, span, message)
            .thriftpy2(self.illegal_text(span));
        match text {
            "\u{201c}" | "\u{201d}" | "\u{2018}" | "\u{2019}" => {
                diagnostic.hint("use the plain quotes \" or '")
            }
            "\u{a0}" => diagnostic.hint("this is a no-break space; use a plain one"),
            "\0" => diagnostic.hint("save the file as UTF-8"),
            "@" => diagnostic.hint("annotations with `@` stand before the thing"),
            _ => diagnostic,
        }
    }

    fn illegal_text(&self, span: Span) -> String {
        let first = self.text(span).chars().next().map(String::from);
        format!(
            "Illegal character {} at line {}",
            python::repr(&first.unwrap_or_default()),
            self.source.line(span.start)
        )
    }

    fn unterminated_literal(&self, span: Span) -> Diagnostic {
        let text = self.text(span);
        let quote = text.get(..1).unwrap_or("\"");
        let on_its_line = text.find('\n').unwrap_or(text.len());
        let span = Span::new(span.start, span.start + on_its_line as u32);
        self.diagnostic(
            Code::UnterminatedLiteral,
            span,
            "this text has no closing quote on its line",
        )
        .hint(format!(
            "close it with `{quote}`; a line end within is written `\\n`"
        ))
        .thriftpy2(self.illegal_text(span))
    }

    // --- nesting ---

    /// Runs a production that may contain itself.
    fn nested<T>(&mut self, production: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.nesting >= MAX_NESTING {
            let diagnostic = self.diagnostic(
                Code::NestedTooDeeply,
                self.current().span,
                nested_too_deeply(),
            );
            self.report(diagnostic);
            return Err(Failed);
        }
        self.nesting += 1;
        let result = production(self);
        self.nesting -= 1;
        result
    }
}

/// A doc comment before a header, or one too many before a definition.
fn note_doc(file: &mut File, doc: Option<Span>) {
    if file.doc.is_none() && file.definitions.is_empty() {
        file.doc = doc;
    }
}

/// Enough of a text for a message.
fn shortened(text: &str) -> String {
    const LIMIT: usize = 60;
    if text.chars().count() <= LIMIT {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LIMIT).collect();
    short.push_str("...");
    short
}
