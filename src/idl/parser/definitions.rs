//! What a file defines; constants and typedefs in full.

use super::super::diagnostic::Code;
use super::super::syntax::{Const, Definition, StructKind, Typedef};
use super::super::token::{Keyword, TokenKind};
use super::{Before, Failed, Parser, Result};

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
    /// `None` for what has been reported as unsupported.
    pub(super) fn definition(&mut self, before: Before) -> Result<Option<Definition>> {
        if self.kind_at(1) == TokenKind::Identifier {
            if self.is_word("senum") {
                return self.senum(before).map(Definition::Senum).map(Some);
            }
            if self.is_word("interaction") {
                return self.interaction(before).map(|()| None);
            }
        }
        let TokenKind::Keyword(keyword) = self.kind() else {
            if self.at_qualified_exception() {
                return self.structure(before, StructKind::Exception).map(Some);
            }
            return Err(self.not_a_definition());
        };
        let definition = match keyword {
            Keyword::Const => self.constant(before).map(Definition::Const),
            Keyword::Typedef => self.typedef(before).map(Definition::Typedef),
            Keyword::Enum => self.enumeration(before).map(Definition::Enum),
            Keyword::Struct => self.structure(before, StructKind::Struct),
            Keyword::Union => self.structure(before, StructKind::Union),
            Keyword::Exception => self.structure(before, StructKind::Exception),
            Keyword::Service => self.service(before).map(Definition::Service),
            _ => Err(self.not_a_definition()),
        };
        definition.map(Some)
    }

    fn not_a_definition(&mut self) -> Failed {
        let word = self.text(self.current().span);
        let old = OLD_NAMESPACES.iter().find(|(old, _)| *old == word);
        let failed = self.unexpected("a definition");
        if let (Some((_, scope)), Some(diagnostic)) = (old, self.diagnostics.last_mut()) {
            diagnostic.hint = Some(format!("write `namespace {scope} ...`"));
        }
        failed
    }

    fn constant(&mut self, before: Before) -> Result<Const> {
        let start = before.start(self.current().span);
        self.advance();
        let ty = self.ty()?;
        let name = self.definition_name("the name of the constant")?;
        self.expect(TokenKind::Equal)?;
        let value = self.value()?;
        let annotations = self.annotations()?;
        Ok(Const {
            span: self.span_from(start),
            doc: before.doc,
            structured: before.structured,
            ty,
            name,
            value,
            annotations,
        })
    }

    fn typedef(&mut self, before: Before) -> Result<Typedef> {
        let start = before.start(self.current().span);
        self.advance();
        let ty = self.ty()?;
        let name = self.definition_name("the name of the type")?;
        let annotations = self.annotations()?;
        Ok(Typedef {
            span: self.span_from(start),
            doc: before.doc,
            structured: before.structured,
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
