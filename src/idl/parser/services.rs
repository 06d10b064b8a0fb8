//! `service` and its functions.

use super::super::syntax::{Function, Name, Qualifier, ReturnType, Service, Throws};
use super::super::token::{Keyword, TokenKind};
use super::{Before, Parser, Result};

impl Parser<'_> {
    pub(super) fn service(&mut self, before: Before) -> Result<Service> {
        let start = before.start(self.current().span);
        self.advance();
        let name = self.definition_name("the name of the service")?;
        let extends = match self.eat(TokenKind::Keyword(Keyword::Extends)) {
            Some(_) => Some(self.reference("the name of a service")?),
            None => None,
        };
        self.expect(TokenKind::OpenBrace)?;
        let functions = self.list(TokenKind::CloseBrace, "a function", |parser| {
            if parser.performs() {
                return Ok(None);
            }
            parser.function().map(Some)
        })?;
        let functions = functions.into_iter().flatten().collect();
        let annotations = self.annotations()?;
        Ok(Service {
            span: self.span_from(start),
            doc: before.doc,
            structured: before.structured,
            name,
            extends,
            functions,
            annotations,
        })
    }

    fn function(&mut self) -> Result<Function> {
        let before = self.before()?;
        let start = before.start(self.current().span);
        let qualifier = self.qualifier();
        let result = match self.stream() {
            Some(span) => ReturnType::Void(span),
            None => self.return_type()?,
        };
        self.stream();
        let name = self.function_name()?;
        self.expect(TokenKind::OpenParen)?;
        let arguments = self.fields(TokenKind::CloseParen)?;
        let throws = self.throws()?;
        let annotations = self.annotations()?;
        Ok(Function {
            span: self.span_from(start),
            doc: before.doc,
            structured: before.structured,
            qualifier,
            result,
            name,
            arguments,
            throws,
            annotations,
        })
    }

    /// fbthrift takes `oneway` as the name too, as it does its other qualifiers.
    fn function_name(&mut self) -> Result<Name> {
        if self.is_keyword(Keyword::Oneway) && self.kind_at(1) == TokenKind::OpenParen {
            let span = self.advance().span;
            return Ok(Name { span });
        }
        self.definition_name("the name of the function")
    }

    /// Only `oneway` is kept for this; the other words may also be types: in
    /// `async f()` it is what the function returns.
    fn qualifier(&mut self) -> Option<Qualifier> {
        if self.is_keyword(Keyword::Oneway) {
            let span = self.advance().span;
            return Some(Qualifier::Oneway(Name { span }));
        }
        if !self.is(TokenKind::Identifier) || self.is_type_of_a_function() {
            return None;
        }
        if let Some(word) = self.eat_word("async") {
            self.deprecated(word, "`async` is now called `oneway`");
            return Some(Qualifier::Oneway(word));
        }
        let word = self
            .eat_word("readonly")
            .or_else(|| self.eat_word("idempotent"))?;
        Some(Qualifier::Repeatable(word))
    }

    /// Whether the current word is what a function returns: the name of the
    /// function and its arguments follow, or annotations of the type.
    fn is_type_of_a_function(&self) -> bool {
        let is_named = self.kind_at(1) == TokenKind::Identifier
            && self.kind_at(2) == TokenKind::OpenParen
            && !self.at_annotations(2);
        is_named || self.kind_at(1) == TokenKind::OpenParen || self.kind_at(1) == TokenKind::Comma
    }

    fn return_type(&mut self) -> Result<ReturnType> {
        if let Some(token) = self.eat(TokenKind::Keyword(Keyword::Void)) {
            return Ok(ReturnType::Void(token.span));
        }
        self.ty_or("a function").map(ReturnType::Type)
    }

    fn throws(&mut self) -> Result<Option<Throws>> {
        let Some(word) = self.eat(TokenKind::Keyword(Keyword::Throws)) else {
            return Ok(None);
        };
        self.expect(TokenKind::OpenParen)?;
        let fields = self.fields(TokenKind::CloseParen)?;
        Ok(Some(Throws {
            span: self.span_from(word.span),
            fields,
        }))
    }
}
