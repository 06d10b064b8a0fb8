//! `enum` and `senum`.

use super::super::source::Span;
use super::super::syntax::{Enum, EnumItem, Integer, Name, Senum};
use super::super::token::TokenKind;
use super::{Parser, Result};

impl Parser<'_> {
    pub(super) fn enumeration(&mut self, doc: Option<Span>) -> Result<Enum> {
        let start = doc.unwrap_or(self.current().span);
        self.advance();
        let name = self.definition_name("the name of the enum")?;
        self.expect(TokenKind::OpenBrace)?;
        let items = self.list(TokenKind::CloseBrace, "a value", Self::enum_item)?;
        let annotations = self.annotations()?;
        Ok(Enum {
            span: self.span_from(start),
            doc,
            name,
            items,
            annotations,
        })
    }

    fn enum_item(&mut self) -> Result<EnumItem> {
        let doc = self.doc();
        let start = doc.unwrap_or(self.current().span);
        let name = self.name("the name of a value or `}`")?;
        let value = match self.eat(TokenKind::Equal) {
            Some(_) => Some(Integer {
                span: self.expect(TokenKind::Integer)?.span,
            }),
            None => None,
        };
        let annotations = self.annotations()?;
        Ok(EnumItem {
            span: self.span_from(start),
            doc,
            name,
            value,
            annotations,
        })
    }

    /// Apache's compiler took `senum` until 0.13; thriftpy2 never did.
    pub(super) fn senum(&mut self, doc: Option<Span>) -> Result<Senum> {
        let word = Name {
            span: self.advance().span,
        };
        self.deprecated(word, "`senum` is obsolete; it is taken as a `string`");
        let start = doc.unwrap_or(word.span);
        let name = self.definition_name("the name of the senum")?;
        self.expect(TokenKind::OpenBrace)?;
        let items = self.list(TokenKind::CloseBrace, "a quoted text", Self::literal)?;
        let annotations = self.annotations()?;
        Ok(Senum {
            span: self.span_from(start),
            doc,
            name,
            items,
            annotations,
        })
    }
}
