//! `struct`, `union`, `exception`, and fields wherever they are.

use super::super::rare::Rare;
use super::super::syntax::{
    Definition, Field, FieldExtras, Integer, Name, Requiredness, Struct, StructKind, Xsd,
    XsdAttributes,
};
use super::super::token::{Keyword, TokenKind};
use super::{Before, Parser, Result};

/// What fbthrift says of an exception, in this order: whether the call was
/// without effect, whether it may go well later, and whose fault it was.
const QUALIFIERS: [&[&str]; 3] = [
    &["safe"],
    &["transient", "stateful", "permanent"],
    &["client", "server"],
];

impl Parser<'_> {
    /// Whether an `exception` starts here, with fbthrift's words before it.
    pub(super) fn at_qualified_exception(&self) -> bool {
        let mut ahead = 0;
        for words in QUALIFIERS {
            let token = self.token_at(ahead);
            if token.kind == TokenKind::Identifier && words.contains(&self.text(token.span)) {
                ahead += 1;
            }
        }
        ahead > 0 && self.kind_at(ahead) == TokenKind::Keyword(Keyword::Exception)
    }

    pub(super) fn structure(&mut self, before: Before, kind: StructKind) -> Result<Definition> {
        let start = before.start(self.current().span);
        let mut qualifiers = Rare::default();
        while let TokenKind::Identifier = self.kind() {
            qualifiers.push(Name {
                span: self.advance().span,
            });
        }
        self.advance();
        let name = self.definition_name(match kind {
            StructKind::Struct => "the name of the struct",
            StructKind::Union => "the name of the union",
            StructKind::Exception => "the name of the exception",
        })?;
        let xsd_all = self.eat_word("xsd_all");
        self.expect(TokenKind::OpenBrace)?;
        let fields = self.fields(TokenKind::CloseBrace)?;
        let annotations = self.annotations()?;
        Ok(Definition::Struct(Struct {
            span: self.span_from(start),
            doc: before.doc,
            structured: before.structured,
            kind,
            qualifiers,
            name,
            xsd_all,
            fields,
            annotations,
        }))
    }

    /// Fields up to and including the token that closes them.
    pub(super) fn fields(&mut self, close: TokenKind) -> Result<Vec<Field>> {
        self.list(close, "a field", Self::field)
    }

    fn field(&mut self) -> Result<Field> {
        let before = self.before()?;
        let start = before.start(self.current().span);
        let id = self.field_id()?;
        let requiredness = self.requiredness();
        let ty = if id.is_none() && requiredness.is_none() {
            self.ty_or("a field")?
        } else {
            self.ty()?
        };
        let reference = self
            .eat(TokenKind::Ampersand)
            .map(|token| Name { span: token.span });
        let name = self.field_name()?;
        let default = match self.eat(TokenKind::Equal) {
            Some(_) => Some(Box::new(self.value()?)),
            None => None,
        };
        let xsd = self.xsd()?;
        let extras = (reference.is_some() || xsd.is_some()).then(|| {
            Box::new(FieldExtras {
                reference,
                xsd: xsd.unwrap_or_default(),
            })
        });
        let annotations = self.annotations()?;
        Ok(Field {
            span: self.span_from(start),
            doc: before.doc,
            structured: before.structured,
            id,
            requiredness,
            ty,
            name,
            default,
            extras,
            annotations,
        })
    }

    fn field_id(&mut self) -> Result<Option<Integer>> {
        let Some(token) = self.eat(TokenKind::Integer) else {
            return Ok(None);
        };
        self.expect(TokenKind::Colon)?;
        Ok(Some(Integer { span: token.span }))
    }

    fn requiredness(&mut self) -> Option<Requiredness> {
        let required = match self.kind() {
            TokenKind::Keyword(Keyword::Required) => true,
            TokenKind::Keyword(Keyword::Optional) => false,
            _ => return None,
        };
        let span = self.advance().span;
        Some(Requiredness { span, required })
    }

    /// Apache's compiler takes every word of the grammar as the name of a
    /// field (`string string`), except those that are values.
    fn field_name(&mut self) -> Result<Name> {
        if let TokenKind::Keyword(keyword) = self.kind() {
            let is_value = matches!(keyword, Keyword::True | Keyword::False);
            if !is_value && !self.at_definition() {
                let span = self.advance().span;
                return Ok(Name { span });
            }
        }
        self.definition_name("the name of the field")
    }

    fn xsd(&mut self) -> Result<Option<Xsd>> {
        let optional = self.eat_word("xsd_optional");
        let nillable = self.eat_word("xsd_nillable");
        let attributes = if self.is_word("xsd_attrs") && self.kind_at(1) == TokenKind::OpenBrace {
            let start = self.advance().span;
            self.advance();
            let fields = self.nested(|parser| parser.fields(TokenKind::CloseBrace))?;
            Some(XsdAttributes {
                span: self.span_from(start),
                fields,
            })
        } else {
            None
        };
        let xsd = Xsd {
            optional,
            nillable,
            attributes,
        };
        Ok((!xsd.is_empty()).then_some(xsd))
    }
}
