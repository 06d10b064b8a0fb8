//! `(key = "value", key)`.

use super::super::syntax::{Annotation, Annotations, Name};
use super::super::token::TokenKind;
use super::{Parser, Result};

impl Parser<'_> {
    /// Annotations, if they are there.
    pub(super) fn annotations(&mut self) -> Result<Option<Annotations>> {
        let Some(open) = self.eat(TokenKind::OpenParen) else {
            return Ok(None);
        };
        let items = self.list(TokenKind::CloseParen, "an annotation", Self::annotation)?;
        Ok(Some(Annotations {
            span: self.span_from(open.span),
            items,
        }))
    }

    /// A key is no name of the target language: reserved words and keywords
    /// are welcome, as in Apache's compiler.
    fn annotation(&mut self) -> Result<Annotation> {
        if !matches!(self.kind(), TokenKind::Identifier | TokenKind::Keyword(_)) {
            return Err(self.unexpected("an annotation or `)`"));
        }
        let key = Name {
            span: self.advance().span,
        };
        let value = match self.eat(TokenKind::Equal) {
            Some(_) => Some(self.literal()?),
            None => None,
        };
        Ok(Annotation {
            span: self.span_from(key.span),
            key,
            value,
        })
    }
}
