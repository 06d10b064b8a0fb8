//! The tokens that matter to the parser, read when they are needed.

use super::super::lexer::Lexer;
use super::super::source::Span;
use super::super::token::{Token, TokenKind};

/// How many tokens the parser may look at: the current one and those behind it.
const WINDOW: usize = 8;

/// The tokens of a text without blanks and comments, a few of which are known
/// at any time. After the last one there are only ends of the file.
pub(super) struct Tokens<'s> {
    lexer: Lexer<'s>,
    end: Token,
    /// The token number `n` is at `n % WINDOW`.
    window: [Token; WINDOW],
    /// For each of them the doc comment before it; of several the last.
    docs: [Option<Span>; WINDOW],
    /// The first doc comment of the text that has been read.
    first_doc: Option<Span>,
    /// How many tokens have been passed.
    passed: usize,
    /// Where the last of them is.
    previous: Option<Span>,
}

impl<'s> Tokens<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        let end = text.len() as u32;
        let end = Token {
            kind: TokenKind::EndOfFile,
            span: Span::new(end, end),
        };
        let mut tokens = Self {
            lexer: Lexer::new(text),
            end,
            window: [end; WINDOW],
            docs: [None; WINDOW],
            first_doc: None,
            passed: 0,
            previous: None,
        };
        for place in 0..WINDOW {
            tokens.read(place);
        }
        tokens
    }

    /// Reads the next token that matters into a place of the window.
    #[inline(never)]
    fn read(&mut self, place: usize) {
        let mut doc = None;
        let token = loop {
            self.lexer.skip_blanks();
            match self.lexer.next() {
                Some(token) if token.kind == TokenKind::DocComment => {
                    doc = Some(token.span);
                    self.first_doc.get_or_insert(token.span);
                }
                Some(token) if token.kind.is_trivia() => {}
                Some(token) => break token,
                None => break self.end,
            }
        };
        self.window[place] = token;
        self.docs[place] = doc;
    }

    /// The current token, or one so many behind it.
    #[inline]
    pub(super) fn ahead(&self, count: usize) -> Token {
        debug_assert!(count < WINDOW);
        self.window[(self.passed + count) % WINDOW]
    }

    /// Passes the current token. The end of the file stays.
    #[inline]
    pub(super) fn advance(&mut self) -> Token {
        let token = self.ahead(0);
        if token.kind != TokenKind::EndOfFile {
            self.read(self.passed % WINDOW);
            self.passed += 1;
            self.previous = Some(token.span);
        }
        token
    }

    /// How many tokens have been passed.
    pub(super) fn passed(&self) -> usize {
        self.passed
    }

    /// Where the token before the current one is.
    pub(super) fn previous(&self) -> Option<Span> {
        self.previous
    }

    /// The first doc comment of the text, if it stands before a place.
    pub(super) fn first_doc_before(&self, place: Span) -> Option<Span> {
        self.first_doc.filter(|doc| doc.end <= place.start)
    }

    /// The doc comment directly before the current token; it is given once.
    pub(super) fn take_doc(&mut self) -> Option<Span> {
        self.docs[self.passed % WINDOW].take()
    }
}
