//! `include`, `cpp_include`, `namespace` and `package`.

use super::super::syntax::{
    ForeignInclude, Header, Include, IncludeLanguage, Name, Namespace, NamespaceName, Package,
};
use super::super::token::{Keyword, TokenKind};
use super::{Before, Parser, Result};

/// What a header starts with.
#[derive(Clone, Copy)]
pub(super) enum HeaderWord {
    Include,
    ForeignInclude(IncludeLanguage),
    Namespace,
}

impl Parser<'_> {
    /// The header that starts here, unless it is a `package`, which may have
    /// annotations.
    pub(super) fn at_header(&self) -> Option<HeaderWord> {
        match self.kind() {
            TokenKind::Keyword(Keyword::Include) => Some(HeaderWord::Include),
            TokenKind::Keyword(Keyword::CppInclude) => {
                Some(HeaderWord::ForeignInclude(IncludeLanguage::Cpp))
            }
            TokenKind::Keyword(Keyword::Namespace) => Some(HeaderWord::Namespace),
            TokenKind::Identifier
                if self.kind_at(1) == TokenKind::Literal && self.is_word("hs_include") =>
            {
                Some(HeaderWord::ForeignInclude(IncludeLanguage::Haskell))
            }
            _ => None,
        }
    }

    pub(super) fn header(&mut self, word: HeaderWord) -> Result<Header> {
        let start = self.advance().span;
        Ok(match word {
            HeaderWord::Include => {
                let path = self.literal()?;
                let alias = match self.eat_word("as") {
                    Some(_) => Some(self.reference("the name for the included file")?),
                    None => None,
                };
                let span = self.span_from(start);
                Header::Include(Include { span, path, alias })
            }
            HeaderWord::ForeignInclude(language) => {
                let path = self.literal()?;
                let span = self.span_from(start);
                Header::ForeignInclude(ForeignInclude {
                    span,
                    language,
                    path,
                })
            }
            HeaderWord::Namespace => {
                let scope = self.namespace_part("a language or `*`", self.is(TokenKind::Star))?;
                let name = if self.at_literal() {
                    NamespaceName::Quoted(self.literal()?)
                } else {
                    NamespaceName::Name(self.namespace_part("a namespace", false)?)
                };
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

    /// `package "example.com/shared"` of fbthrift's files, or `package;`, which
    /// says that the file has no name yet.
    pub(super) fn package(&mut self, before: Before) -> Result<Header> {
        let start = before.without_doc(self.current().span);
        self.has_package = true;
        self.advance();
        let name = if self.at_literal() {
            Some(self.literal()?)
        } else if self.is(TokenKind::Semicolon) {
            None
        } else {
            return Err(self.unexpected("a quoted text or `;`"));
        };
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
