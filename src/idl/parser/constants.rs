//! Values of constants and defaults of fields.

use super::super::syntax::{Value, ValueKind};
use super::super::token::{Keyword, TokenKind};
use super::{Parser, Result};

impl Parser<'_> {
    pub(super) fn value(&mut self) -> Result<Value> {
        self.value_or("a value")
    }

    fn value_or(&mut self, expected: &str) -> Result<Value> {
        let start = self.current().span;
        let kind = match self.kind() {
            TokenKind::Keyword(Keyword::True) => ValueKind::Bool(true),
            TokenKind::Keyword(Keyword::False) => ValueKind::Bool(false),
            TokenKind::Integer => ValueKind::Integer,
            TokenKind::Double => ValueKind::Double,
            TokenKind::Literal => {
                self.check_literal(start);
                ValueKind::Literal
            }
            TokenKind::Identifier => {
                self.name(expected)?;
                return Ok(Value {
                    span: start,
                    kind: ValueKind::Reference,
                });
            }
            TokenKind::OpenBracket => {
                return self.nested(Self::list_value);
            }
            TokenKind::OpenBrace => {
                return self.nested(Self::map_value);
            }
            _ => return Err(self.unexpected(expected)),
        };
        self.advance();
        Ok(Value { span: start, kind })
    }

    fn list_value(&mut self) -> Result<Value> {
        let start = self.advance().span;
        let mut elements = Vec::new();
        while self.eat(TokenKind::CloseBracket).is_none() {
            elements.push(self.value_or("a value or `]`")?);
            self.separator();
        }
        Ok(Value {
            span: self.span_from(start),
            kind: ValueKind::List(elements),
        })
    }

    fn map_value(&mut self) -> Result<Value> {
        let start = self.advance().span;
        let mut entries = Vec::new();
        while self.eat(TokenKind::CloseBrace).is_none() {
            let key = self.value_or("a key or `}`")?;
            self.expect(TokenKind::Colon)?;
            entries.push((key, self.value()?));
            self.separator();
        }
        Ok(Value {
            span: self.span_from(start),
            kind: ValueKind::Map(entries),
        })
    }
}
