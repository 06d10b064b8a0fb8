//! Where to go on after a mistake.

use super::super::token::{Keyword, TokenKind};
use super::Parser;

impl Parser<'_> {
    /// Whether a definition seems to start here, even where none belongs: its
    /// keyword, a name, and what must follow a name. Tells a missing `}` from
    /// a field that is called `struct`.
    pub(super) fn at_definition(&self) -> bool {
        let TokenKind::Keyword(keyword) = self.kind() else {
            return false;
        };
        match keyword {
            Keyword::Struct
            | Keyword::Union
            | Keyword::Exception
            | Keyword::Enum
            | Keyword::Service => {
                self.kind_at(1) == TokenKind::Identifier
                    && matches!(
                        self.kind_at(2),
                        TokenKind::OpenBrace | TokenKind::Keyword(Keyword::Extends)
                    )
            }
            // An annotation may be called `const` too.
            Keyword::Const => {
                matches!(
                    self.kind_at(1),
                    TokenKind::Identifier | TokenKind::Keyword(_)
                ) && self.kind_at(2) == TokenKind::Identifier
                    && self.kind_at(3) == TokenKind::Equal
            }
            Keyword::Include => self.kind_at(1) == TokenKind::Literal,
            _ => false,
        }
    }

    /// Skips the rest of a broken header: what is on its line, whatever it
    /// looks like.
    pub(super) fn skip_line(&mut self, line: u32) {
        while !self.at_end()
            && !self.is(TokenKind::Semicolon)
            && self.source.line(self.current().span.start) == line
        {
            self.advance();
        }
    }

    /// Skips to a token that may start a definition or a header.
    pub(super) fn skip_to_definition(&mut self) {
        let mut depth = 0_u32;
        loop {
            match self.kind() {
                TokenKind::EndOfFile => return,
                TokenKind::OpenBrace | TokenKind::OpenParen | TokenKind::OpenBracket => depth += 1,
                TokenKind::CloseBrace | TokenKind::CloseParen | TokenKind::CloseBracket => {
                    depth = depth.saturating_sub(1);
                }
                TokenKind::Keyword(keyword)
                    if depth == 0 && (keyword.starts_definition() || keyword.starts_header()) =>
                {
                    return;
                }
                TokenKind::Keyword(_) if self.at_definition() => return,
                _ => {}
            }
            self.advance();
        }
    }

    /// Skips the rest of a broken element of a list: past its separator, or
    /// to the token that closes the list, or to where a definition starts.
    /// Brackets that open on the way are skipped with what they hold.
    pub(super) fn skip_element(&mut self, close: TokenKind) {
        let mut open: Vec<TokenKind> = Vec::new();
        loop {
            let kind = self.kind();
            if kind == TokenKind::EndOfFile || self.at_definition() {
                return;
            }
            match kind {
                TokenKind::OpenBrace => open.push(TokenKind::CloseBrace),
                TokenKind::OpenParen => open.push(TokenKind::CloseParen),
                TokenKind::OpenBracket => open.push(TokenKind::CloseBracket),
                TokenKind::CloseBrace | TokenKind::CloseParen | TokenKind::CloseBracket => {
                    // A closing bracket that nothing on the way has opened
                    // closes the list, or one around it.
                    match open.iter().rposition(|&expected| expected == kind) {
                        Some(index) => open.truncate(index),
                        None if kind == close || kind == TokenKind::CloseBrace => return,
                        None => {}
                    }
                }
                TokenKind::Comma | TokenKind::Semicolon if open.is_empty() => {
                    self.advance();
                    return;
                }
                // The next field starts with its id, whatever came before.
                TokenKind::Integer if open.is_empty() && self.kind_at(1) == TokenKind::Colon => {
                    return;
                }
                _ => {}
            }
            self.advance();
        }
    }

    /// Parses elements up to and including the token that closes the list.
    /// A broken element is skipped; a list without its end is reported.
    pub(super) fn list<T>(
        &mut self,
        close: TokenKind,
        expected: &str,
        mut element: impl FnMut(&mut Self) -> super::Result<T>,
    ) -> super::Result<Vec<T>> {
        let mut elements = Vec::new();
        loop {
            if self.eat(close).is_some() {
                return Ok(elements);
            }
            if self.leaves_list(close) {
                return self.unclosed(elements, close, expected);
            }
            let before = self.tokens.passed();
            match element(self) {
                Ok(element) => {
                    elements.push(element);
                    self.separator();
                }
                Err(_) if self.at_end() => return Err(super::Failed),
                Err(_) => {
                    self.skip_element(close);
                    if self.leaves_list(close) {
                        // One report per missing bracket is enough.
                        return Ok(elements);
                    }
                }
            }
            if self.tokens.passed() == before {
                self.advance();
            }
        }
    }

    /// Whether what comes next cannot belong to a list: its end is missing.
    fn leaves_list(&self, close: TokenKind) -> bool {
        let closes_outer = self.is(TokenKind::CloseBrace) && close != TokenKind::CloseBrace;
        self.at_end() || self.at_definition() || closes_outer
    }

    fn unclosed<T>(
        &mut self,
        elements: Vec<T>,
        close: TokenKind,
        expected: &str,
    ) -> super::Result<Vec<T>> {
        let failed = self.unexpected(&format!("{expected} or {}", close.describe()));
        if self.at_end() {
            Err(failed)
        } else {
            Ok(elements)
        }
    }
}
