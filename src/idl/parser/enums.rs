//! `enum` and `senum`.

use super::super::syntax::{Enum, EnumItem, Integer, Name, Senum};
use super::super::token::TokenKind;
use super::{Before, Parser, Result};

impl Parser<'_> {
    pub(super) fn enumeration(&mut self, before: Before) -> Result<Enum> {
        let start = before.start(self.current().span);
        self.advance();
        let name = self.definition_name("the name of the enum")?;
        self.expect(TokenKind::OpenBrace)?;
        let items = self.list(TokenKind::CloseBrace, "a value", Self::enum_item)?;
        let annotations = self.annotations()?;
        Ok(Enum {
            span: self.span_from(start),
            doc: before.doc,
            structured: before.structured,
            name,
            items,
            annotations,
        })
    }

    fn enum_item(&mut self) -> Result<EnumItem> {
        let before = self.before()?;
        let start = before.start(self.current().span);
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
            doc: before.doc,
            structured: before.structured,
            name,
            value,
            annotations,
        })
    }

    /// Apache's compiler took `senum` until 0.13; thriftpy2 never did.
    pub(super) fn senum(&mut self, before: Before) -> Result<Senum> {
        let word = Name {
            span: self.advance().span,
        };
        self.deprecated(word, "`senum` is obsolete; it is taken as a `string`");
        let start = before.start(word.span);
        let name = self.definition_name("the name of the senum")?;
        self.expect(TokenKind::OpenBrace)?;
        let items = self.list(TokenKind::CloseBrace, "a quoted text", Self::literal)?;
        let annotations = self.annotations()?;
        Ok(Senum {
            span: self.span_from(start),
            doc: before.doc,
            structured: before.structured,
            name,
            items,
            annotations,
        })
    }
}
