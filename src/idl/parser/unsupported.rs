//! What fbthrift has and this does not: streams and interactions. They are
//! understood well enough to say so once and to go on behind them.

use super::super::diagnostic::Code;
use super::super::source::Span;
use super::super::token::{Token, TokenKind};
use super::{Before, Parser, Result};

impl Parser<'_> {
    /// `interaction Name { ... }`, which looks like a service otherwise.
    pub(super) fn interaction(&mut self, before: Before) -> Result<()> {
        let word = self.current();
        self.unsupported(word, "interactions are not supported");
        self.service(before).map(|_| ())
    }

    /// `performs Name` among the functions of a service, if it is there.
    pub(super) fn performs(&mut self) -> bool {
        let found = self.is_word("performs")
            && self.kind_at(1) == TokenKind::Identifier
            && self.kind_at(2) != TokenKind::OpenParen;
        if found {
            let word = self.advance();
            self.unsupported(word, "interactions are not supported");
            self.advance();
        }
        found
    }

    /// `stream<type>` or `sink<type, type>`, alone or behind the result of a
    /// function and a comma: where it is, if it is there.
    pub(super) fn stream(&mut self) -> Option<Span> {
        let ahead = usize::from(self.is(TokenKind::Comma));
        let word = self.token_at(ahead);
        let is_stream = word.kind == TokenKind::Identifier
            && matches!(self.text(word.span), "stream" | "sink")
            && self.kind_at(ahead + 1) == TokenKind::Less;
        if !is_stream {
            return None;
        }
        self.unsupported(word, "streams are not supported");
        for _ in 0..=ahead {
            self.advance();
        }
        self.skip_angles();
        Some(self.span_from(word.span))
    }

    /// Skips from `<` to the `>` that closes it, or to where it cannot be.
    fn skip_angles(&mut self) {
        let mut depth = 0_u32;
        loop {
            match self.kind() {
                TokenKind::Less => depth += 1,
                TokenKind::Greater => depth -= 1,
                TokenKind::OpenBrace
                | TokenKind::CloseBrace
                | TokenKind::Semicolon
                | TokenKind::EndOfFile => return,
                _ => {}
            }
            self.advance();
            if depth == 0 {
                return;
            }
        }
    }

    fn unsupported(&mut self, token: Token, message: &str) {
        let mut diagnostic = self.syntax(token, message.to_owned());
        diagnostic.code = Code::Unsupported;
        self.report(diagnostic);
    }
}
