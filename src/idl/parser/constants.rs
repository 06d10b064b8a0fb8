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
            TokenKind::Literal | TokenKind::LiteralOverLines if self.at_literal() => {
                self.check_literal(start);
                ValueKind::Literal
            }
            TokenKind::Identifier if self.at_struct_value() => {
                return self.nested(Self::struct_value);
            }
            TokenKind::Identifier => {
                self.reference(expected)?;
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

    /// Whether `Name{field = ...}` starts here. A name and a map may follow
    /// each other in a list; then keys have colons, and an empty map a blank
    /// before it.
    fn at_struct_value(&self) -> bool {
        if self.kind_at(1) != TokenKind::OpenBrace {
            return false;
        }
        let touches = self.current().span.end == self.token_at(1).span.start;
        match self.kind_at(2) {
            TokenKind::CloseBrace => touches,
            TokenKind::Identifier | TokenKind::Keyword(_) => self.kind_at(3) == TokenKind::Equal,
            _ => false,
        }
    }

    fn struct_value(&mut self) -> Result<Value> {
        let name = self.reference("the name of a struct")?;
        self.expect(TokenKind::OpenBrace)?;
        let fields = self.field_values()?;
        Ok(Value {
            span: self.span_from(name.span),
            kind: ValueKind::Struct { name, fields },
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
