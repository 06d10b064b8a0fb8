//! `(key = "value", key)` after things, and `@thrift.Name{field = 1}` before.

use super::super::rare::Rare;
use super::super::source::Span;
use super::super::syntax::{Annotation, Annotations, FieldValue, Name, StructuredAnnotation};
use super::super::token::TokenKind;
use super::{Parser, Result};

/// What stands before a thing and belongs to it.
pub(super) struct Before {
    pub(super) doc: Option<Span>,
    pub(super) structured: Rare<StructuredAnnotation>,
}

impl Before {
    /// Where the thing starts whose first token of its own is given.
    pub(super) fn start(&self, own: Span) -> Span {
        let structured = self.structured.first().map(|annotation| annotation.span);
        self.doc.or(structured).unwrap_or(own)
    }
}

impl Parser<'_> {
    /// Annotations, if they are there.
    pub(super) fn annotations(&mut self) -> Result<Option<Box<Annotations>>> {
        let Some(open) = self.eat(TokenKind::OpenParen) else {
            return Ok(None);
        };
        let items = self.list(TokenKind::CloseParen, "an annotation", Self::annotation)?;
        Ok(Some(Box::new(Annotations {
            span: self.span_from(open.span),
            items,
        })))
    }

    /// The doc comment and the annotations before the current token.
    pub(super) fn before(&mut self) -> Result<Before> {
        let doc = self.doc();
        let mut structured = Rare::default();
        while let Some(at) = self.eat(TokenKind::At) {
            structured.push(self.structured_annotation(at.span)?);
        }
        Ok(Before { doc, structured })
    }

    /// The name is of another file as a rule, whose words are its own matter.
    fn structured_annotation(&mut self, start: Span) -> Result<StructuredAnnotation> {
        if !self.is(TokenKind::Identifier) {
            return Err(self.unexpected("the name of a struct"));
        }
        let name = Name {
            span: self.advance().span,
        };
        let fields = match self.eat(TokenKind::OpenBrace) {
            Some(_) => Some(self.nested(Self::field_values)?),
            None => None,
        };
        Ok(StructuredAnnotation {
            span: self.span_from(start),
            name,
            fields,
        })
    }

    /// `x = 1, y = 2}`
    pub(super) fn field_values(&mut self) -> Result<Vec<FieldValue>> {
        self.list(TokenKind::CloseBrace, "a field", Self::field_value)
    }

    fn field_value(&mut self) -> Result<FieldValue> {
        if !matches!(self.kind(), TokenKind::Identifier | TokenKind::Keyword(_)) {
            return Err(self.unexpected("a field or `}`"));
        }
        let name = Name {
            span: self.advance().span,
        };
        self.expect(TokenKind::Equal)?;
        let value = self.value()?;
        Ok(FieldValue {
            span: self.span_from(name.span),
            name,
            value,
        })
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
