//! `service` and its functions.

use super::super::syntax::{Function, Name, ReturnType, Service, Throws};
use super::super::token::{Keyword, TokenKind};
use super::{Before, Parser, Result};

impl Parser<'_> {
    pub(super) fn service(&mut self, before: Before) -> Result<Service> {
        let start = before.start(self.current().span);
        self.advance();
        let name = self.definition_name("the name of the service")?;
        let extends = match self.eat(TokenKind::Keyword(Keyword::Extends)) {
            Some(_) => Some(self.name("the name of a service")?),
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
        let oneway = self.oneway();
        let result = match self.stream() {
            Some(span) => ReturnType::Void(span),
            None => self.return_type()?,
        };
        self.stream();
        let name = self.definition_name("the name of the function")?;
        self.expect(TokenKind::OpenParen)?;
        let arguments = self.fields(TokenKind::CloseParen)?;
        let throws = self.throws()?;
        let annotations = self.annotations()?;
        Ok(Function {
            span: self.span_from(start),
            doc: before.doc,
            structured: before.structured,
            oneway,
            result,
            name,
            arguments,
            throws,
            annotations,
        })
    }

    /// `async` is a word of Apache's compiler only, so it may also be a type:
    /// in `async f()` it is what the function returns.
    fn oneway(&mut self) -> Option<Name> {
        if self.is_keyword(Keyword::Oneway) {
            let span = self.advance().span;
            return Some(Name { span });
        }
        if self.is_word("async") && self.kind_at(2) != TokenKind::OpenParen {
            let word = self.eat_word("async")?;
            self.deprecated(word, "`async` is now called `oneway`");
            return Some(word);
        }
        None
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
