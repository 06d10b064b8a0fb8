//! `include`, `cpp_include` and `namespace`.

use super::super::syntax::{CppInclude, Header, Include, Name, Namespace, Package};
use super::super::token::{Keyword, TokenKind};
use super::{Before, Parser, Result};

impl Parser<'_> {
    pub(super) fn header(&mut self, keyword: Keyword) -> Result<Header> {
        let start = self.advance().span;
        Ok(match keyword {
            Keyword::Include => {
                let path = self.literal()?;
                let span = self.span_from(start);
                Header::Include(Include { span, path })
            }
            Keyword::CppInclude => {
                let path = self.literal()?;
                let span = self.span_from(start);
                Header::CppInclude(CppInclude { span, path })
            }
            _ => {
                let scope = self.namespace_part("a language or `*`", self.is(TokenKind::Star))?;
                let name = self.namespace_part("a namespace", false)?;
                let annotations = self.annotations()?;
                Header::Namespace(Namespace {
                    span: self.span_from(start),
                    scope,
                    name,
                    annotations,
                })
            }
        })
    }

    /// `package "example.com/shared"` of fbthrift's files.
    pub(super) fn package(&mut self, before: Before) -> Result<Header> {
        let start = before.start(self.current().span);
        self.advance();
        let name = self.literal()?;
        Ok(Header::Package(Package {
            span: self.span_from(start),
            structured: before.structured,
            name,
        }))
    }

    /// A word of a namespace belongs to another language, so reserved words
    /// are welcome, as in Apache's compiler.
    fn namespace_part(&mut self, expected: &str, star: bool) -> Result<Name> {
        if star || self.is(TokenKind::Identifier) {
            return Ok(Name {
                span: self.advance().span,
            });
        }
        Err(self.unexpected(expected))
    }
}
