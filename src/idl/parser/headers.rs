//! `include`, `cpp_include` and `namespace`.

use super::super::syntax::{CppInclude, Header, Include, Name, Namespace};
use super::super::token::{Keyword, TokenKind};
use super::{Parser, Result};

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
