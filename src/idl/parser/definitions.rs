//! What a file defines; constants and typedefs in full.

use super::super::diagnostic::Code;
use super::super::source::Span;
use super::super::syntax::{Const, Definition, StructKind, Typedef};
use super::super::token::{Keyword, TokenKind};
use super::{Failed, Parser, Result};

/// Words that old files start a namespace with.
const OLD_NAMESPACES: [(&str, &str); 9] = [
    ("cpp_namespace", "cpp"),
    ("csharp_namespace", "csharp"),
    ("delphi_namespace", "delphi"),
    ("java_package", "java"),
    ("perl_package", "perl"),
    ("php_namespace", "php"),
    ("py_module", "py"),
    ("ruby_namespace", "rb"),
    ("xsd_namespace", "xsd"),
];

impl Parser<'_> {
    pub(super) fn definition(&mut self) -> Result<Definition> {
        let doc = self.doc();
        if self.is_word("senum") && self.kind_at(1) == TokenKind::Identifier {
            return self.senum(doc).map(Definition::Senum);
        }
        let TokenKind::Keyword(keyword) = self.kind() else {
            return Err(self.not_a_definition());
        };
        match keyword {
            Keyword::Const => self.constant(doc).map(Definition::Const),
            Keyword::Typedef => self.typedef(doc).map(Definition::Typedef),
            Keyword::Enum => self.enumeration(doc).map(Definition::Enum),
            Keyword::Struct => self.structure(doc, StructKind::Struct),
            Keyword::Union => self.structure(doc, StructKind::Union),
            Keyword::Exception => self.structure(doc, StructKind::Exception),
            Keyword::Service => self.service(doc).map(Definition::Service),
            _ => Err(self.not_a_definition()),
        }
    }

    fn not_a_definition(&mut self) -> Failed {
        let word = self.text(self.current().span);
        let old = OLD_NAMESPACES.iter().find(|(old, _)| *old == word);
        let hint = match (old, word) {
            (Some((_, scope)), _) => format!("write `namespace {scope} ...`"),
            (_, "interaction" | "stream" | "sink") => format!("`{word}` is not supported"),
            _ => return self.unexpected("a definition"),
        };
        let failed = self.unexpected("a definition");
        if let Some(diagnostic) = self.diagnostics.last_mut() {
            diagnostic.hint = Some(hint);
        }
        failed
    }

    fn constant(&mut self, doc: Option<Span>) -> Result<Const> {
        let start = doc.unwrap_or(self.current().span);
        self.advance();
        let ty = self.ty()?;
        let name = self.definition_name("the name of the constant")?;
        self.expect(TokenKind::Equal)?;
        let value = self.value()?;
        let annotations = self.annotations()?;
        Ok(Const {
            span: self.span_from(start),
            doc,
            ty,
            name,
            value,
            annotations,
        })
    }

    fn typedef(&mut self, doc: Option<Span>) -> Result<Typedef> {
        let start = doc.unwrap_or(self.current().span);
        self.advance();
        let ty = self.ty()?;
        let name = self.definition_name("the name of the type")?;
        let annotations = self.annotations()?;
        Ok(Typedef {
            span: self.span_from(start),
            doc,
            ty,
            name,
            annotations,
        })
    }

    /// A name that something is given. thriftpy2 takes one with dots, which
    /// cannot always be referred to.
    pub(super) fn definition_name(&mut self, expected: &str) -> Result<super::Name> {
        let name = self.name(expected)?;
        let text = self.text(name.span);
        if text.contains('.') {
            let diagnostic = self.diagnostic(
                Code::DottedName,
                name.span,
                format!("the name `{text}` has a dot, as if it were of an included file"),
            );
            self.report(diagnostic);
        }
        Ok(name)
    }
}
