//! Types.

use super::super::rare::Rare;
use super::super::syntax::{BaseType, Elements, Entries, Literal, Type, TypeKind};
use super::super::token::{Keyword, TokenKind};
use super::{Parser, Reserved, Result};

impl Parser<'_> {
    pub(super) fn ty(&mut self) -> Result<Type> {
        self.ty_or("a type")
    }

    /// A type, where something else is expected that starts with one.
    pub(super) fn ty_or(&mut self, expected: &str) -> Result<Type> {
        let start = self.current().span;
        let kind = match self.kind() {
            TokenKind::Identifier if self.is_float() => {
                self.advance();
                TypeKind::Base(BaseType::Float)
            }
            TokenKind::Identifier => {
                let kind = TypeKind::Named(self.reference(expected)?);
                // What stands in parentheses after a name may belong to
                // something else: the arguments of a function, for one.
                if !self.at_annotations(0) {
                    return Ok(Type {
                        span: start,
                        kind,
                        annotations: None,
                    });
                }
                kind
            }
            TokenKind::Keyword(keyword) => self.keyword_type(keyword, expected)?,
            _ => return Err(self.unexpected(expected)),
        };
        let annotations = self.annotations()?;
        Ok(Type {
            span: self.span_from(start),
            kind,
            annotations,
        })
    }

    /// Where reserved words may be names, this may be one.
    fn is_float(&self) -> bool {
        self.options.reserved == Reserved::Refuse && self.is_word("float")
    }

    fn keyword_type(&mut self, keyword: Keyword, expected: &str) -> Result<TypeKind> {
        let base = match keyword {
            Keyword::Bool => BaseType::Bool,
            Keyword::Byte => BaseType::Byte,
            Keyword::I8 => BaseType::I8,
            Keyword::I16 => BaseType::I16,
            Keyword::I32 => BaseType::I32,
            Keyword::I64 => BaseType::I64,
            Keyword::Double => BaseType::Double,
            Keyword::String => BaseType::String,
            Keyword::Binary => BaseType::Binary,
            Keyword::List => return self.nested(Self::list_type),
            Keyword::Set => return self.nested(Self::set_type),
            Keyword::Map => return self.nested(Self::map_type),
            _ => return Err(self.unexpected(expected)),
        };
        self.advance();
        Ok(TypeKind::Base(base))
    }

    fn list_type(&mut self) -> Result<TypeKind> {
        self.advance();
        let mut cpp_types = Rare::default();
        self.cpp_type(&mut cpp_types)?;
        self.expect(TokenKind::Less)?;
        let element = self.ty()?;
        self.expect(TokenKind::Greater)?;
        // Apache's compiler still takes the older place after the `>`.
        self.cpp_type(&mut cpp_types)?;
        Ok(TypeKind::List(Box::new(Elements { element, cpp_types })))
    }

    fn set_type(&mut self) -> Result<TypeKind> {
        self.advance();
        let mut cpp_types = Rare::default();
        self.cpp_type(&mut cpp_types)?;
        self.expect(TokenKind::Less)?;
        let element = self.ty()?;
        self.expect(TokenKind::Greater)?;
        Ok(TypeKind::Set(Box::new(Elements { element, cpp_types })))
    }

    fn map_type(&mut self) -> Result<TypeKind> {
        self.advance();
        let mut cpp_types = Rare::default();
        self.cpp_type(&mut cpp_types)?;
        self.expect(TokenKind::Less)?;
        let key = self.ty()?;
        self.expect(TokenKind::Comma)?;
        let value = self.ty()?;
        self.expect(TokenKind::Greater)?;
        Ok(TypeKind::Map(Box::new(Entries {
            key,
            value,
            cpp_types,
        })))
    }

    /// `cpp_type "name"`, if it is there. The word alone may be a name.
    fn cpp_type(&mut self, cpp_types: &mut Rare<Literal>) -> Result<()> {
        if self.is_word("cpp_type") && self.kind_at(1) == TokenKind::Literal {
            self.advance();
            cpp_types.push(self.literal()?);
        }
        Ok(())
    }
}
