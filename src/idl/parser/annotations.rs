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
        self.doc.unwrap_or_else(|| self.without_doc(own))
    }

    /// Where the thing starts whose first token of its own is given, if its doc
    /// comment is that of something else.
    pub(super) fn without_doc(&self, own: Span) -> Span {
        let structured = self.structured.first().map(|annotation| annotation.span);
        structured.unwrap_or(own)
    }
}

impl Parser<'_> {
    /// Annotations, if they are there.
    pub(super) fn annotations(&mut self) -> Result<Option<Box<Annotations>>> {
        let Some(open) = self.eat(TokenKind::OpenParen) else {
            return Ok(None);
        };
        let items = self.within_annotation(|parser| {
            parser.list(TokenKind::CloseParen, "an annotation", Self::annotation)
        })?;
        Ok(Some(Box::new(Annotations {
            span: self.span_from(open.span),
            items,
        })))
    }

    /// Whether the parenthesis that is so far ahead holds annotations, and
    /// not the arguments of something: behind a key are its value, the next
    /// key or the end, and behind the end of a single one is a name.
    pub(super) fn at_annotations(&self, ahead: usize) -> bool {
        let is_word = |kind| matches!(kind, TokenKind::Identifier | TokenKind::Keyword(_));
        if self.kind_at(ahead) != TokenKind::OpenParen || !is_word(self.kind_at(ahead + 1)) {
            return false;
        }
        match self.kind_at(ahead + 2) {
            TokenKind::Equal | TokenKind::Comma | TokenKind::Semicolon => true,
            TokenKind::CloseParen => {
                let behind = self.kind_at(ahead + 3);
                is_word(behind) || matches!(behind, TokenKind::Greater | TokenKind::Comma)
            }
            _ => false,
        }
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

    fn within_annotation<T>(&mut self, production: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.in_annotation, true);
        let result = production(self);
        self.in_annotation = outer;
        result
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
            Some(_) => Some(self.within_annotation(|parser| parser.nested(Self::field_values))?),
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
