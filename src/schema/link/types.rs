//! Types: names to what they stand for.

use std::sync::Arc;

use super::super::model::{Definition, EnumId, ProgramId, StructId, StructKind, Type, TypedefId};
use super::{Linker, Progress, TypedefNode};
use crate::idl::syntax::{self, BaseType, Name, TypeKind};
use crate::idl::{Code, MAX_NESTING, Span, nested_too_deeply, python_repr};

/// A type that a typedef may multiply: `typedef map<A, A> B` and so on.
const MAX_TYPE_SIZE: u32 = 1000;

/// A type and how large it is.
#[derive(Clone)]
pub(super) struct Resolved {
    pub(super) ty: Type,
    /// Containers within each other.
    depth: u32,
    /// Types that it is made of.
    size: u32,
}

impl From<Type> for Resolved {
    fn from(ty: Type) -> Self {
        Self {
            ty,
            depth: 0,
            size: 1,
        }
    }
}

/// What a name means where a type is needed.
#[derive(Clone, Copy)]
enum NamedType {
    Enum(EnumId),
    Struct(StructId),
    Typedef(TypedefId),
}

impl Linker<'_> {
    /// The type that is written; `None` if it is wrong, which is reported.
    pub(super) fn ty(&mut self, program: ProgramId, node: &syntax::Type) -> Option<Type> {
        self.resolve(program, node, 0).map(|resolved| resolved.ty)
    }

    /// `level` counts the calls within each other, through typedefs as well.
    fn resolve(&mut self, program: ProgramId, node: &syntax::Type, level: u32) -> Option<Resolved> {
        let (parts, ty) = match &node.kind {
            TypeKind::Base(base) => {
                match base {
                    BaseType::Byte => self.tell_of_byte(program, node.span),
                    BaseType::Float => self.tell_of_float(program, node.span),
                    _ => {}
                }
                return Some(base_type(*base).into());
            }
            TypeKind::Named(name) => return self.named(program, *name, level),
            TypeKind::List(of) => {
                let element = self.resolve(program, &of.element, level + 1)?;
                let ty = Type::List(Arc::new(element.ty));
                ([(element.depth, element.size), (0, 0)], ty)
            }
            TypeKind::Set(of) => {
                let element = self.resolve(program, &of.element, level + 1)?;
                let ty = Type::Set(Arc::new(element.ty));
                ([(element.depth, element.size), (0, 0)], ty)
            }
            TypeKind::Map(of) => {
                let key = self.resolve(program, &of.key, level + 1);
                let value = self.resolve(program, &of.value, level + 1)?;
                let key = key?;
                let ty = Type::Map(Arc::new((key.ty, value.ty)));
                ([(key.depth, key.size), (value.depth, value.size)], ty)
            }
        };
        let [(left_depth, left_size), (right_depth, right_size)] = parts;
        let resolved = Resolved {
            ty,
            depth: left_depth.max(right_depth) + 1,
            size: left_size + right_size + 1,
        };
        if resolved.depth > MAX_NESTING || resolved.size > MAX_TYPE_SIZE {
            return self.too_deep(program, node.span);
        }
        let annotations = self.annotations(program, node.annotations.as_deref());
        self.type_annotations.keep(&resolved.ty, annotations);
        Some(resolved)
    }

    /// Once in each file: old files are full of it.
    fn tell_of_byte(&mut self, program: ProgramId, span: Span) {
        if std::mem::replace(&mut self.told_of_byte[program.index()], true) {
            return;
        }
        let diagnostic = self
            .diagnostic(
                Code::Deprecated,
                program,
                span,
                "`byte` is an older word for `i8`: its values are signed",
            )
            .hint("write `i8`");
        self.report(diagnostic);
    }

    fn tell_of_float(&mut self, program: ProgramId, span: Span) {
        let diagnostic = self
            .diagnostic(
                Code::UnsupportedType,
                program,
                span,
                "`float` is fbthrift's own: what holds one can be loaded, but not sent",
            )
            .hint("did you mean `double`?");
        self.report(diagnostic);
    }

    pub(super) fn too_deep<T>(&mut self, program: ProgramId, span: Span) -> Option<T> {
        let diagnostic = self.diagnostic(Code::NestedTooDeeply, program, span, nested_too_deeply());
        self.report(diagnostic);
        None
    }

    pub(super) fn named(&mut self, program: ProgramId, name: Name, level: u32) -> Option<Resolved> {
        let text = self.text(program, name.span);
        let before = name.span.start;
        let found = self.find(program, text, before, |definition| match definition {
            Definition::Enum(id) => Some(NamedType::Enum(id)),
            Definition::Struct(id) => Some(NamedType::Struct(id)),
            Definition::Typedef(id) => Some(NamedType::Typedef(id)),
            Definition::Const(_) | Definition::Service(_) => None,
        });
        match found {
            Some(NamedType::Enum(id)) => Some(Type::Enum(id).into()),
            Some(NamedType::Struct(id)) => Some(Type::Struct(id).into()),
            Some(NamedType::Typedef(_)) if level > MAX_NESTING => self.too_deep(program, name.span),
            Some(NamedType::Typedef(id)) => {
                if matches!(self.typedef_types[id.index()], Progress::Active) {
                    return self.recursive_typedef(program, name, id);
                }
                self.typedef(id, level + 1)
            }
            None if text == "float" => {
                self.tell_of_float(program, name.span);
                Some(Type::Float.into())
            }
            None if text == "slist" => {
                let diagnostic = self.diagnostic(
                    Code::Deprecated,
                    program,
                    name.span,
                    "`slist` is obsolete; it is taken as a `string`",
                );
                self.report(diagnostic);
                Some(Type::String.into())
            }
            None => match Type::LATER.iter().find(|ty| ty.word() == Some(text)) {
                Some(ty) => Some(ty.clone().into()),
                None => self.unknown_type(program, name),
            },
        }
    }

    /// What a typedef stands for.
    pub(super) fn typedef(&mut self, id: TypedefId, level: u32) -> Option<Resolved> {
        match &self.typedef_types[id.index()] {
            Progress::Done(resolved) => return resolved.clone(),
            Progress::Active => return None,
            Progress::New => {}
        }
        self.typedef_types[id.index()] = Progress::Active;
        let (program, node) = self.typedefs[id.index()];
        let resolved = match node {
            TypedefNode::Typedef(node) => self.resolve(program, &node.ty, level),
            TypedefNode::Senum(_) => Some(Type::String.into()),
        };
        self.typedef_types[id.index()] = Progress::Done(resolved.clone());
        resolved
    }

    fn recursive_typedef<T>(&mut self, program: ProgramId, name: Name, id: TypedefId) -> Option<T> {
        let text = self.text(program, name.span);
        let mut diagnostic = self
            .diagnostic(
                Code::RecursiveTypedef,
                program,
                name.span,
                format!("the typedef `{text}` needs itself"),
            )
            .hint("only a struct can contain itself");
        let (defining, node) = self.typedefs[id.index()];
        if let TypedefNode::Typedef(node) = node {
            diagnostic = diagnostic.related(self.source(defining), node.name.span, "defined here");
        }
        self.report(diagnostic);
        None
    }

    fn unknown_type<T>(&mut self, program: ProgramId, name: Name) -> Option<T> {
        let text = self.text(program, name.span);
        if self.is_of_missing_include(program, text) {
            return None;
        }
        let other = self.find(program, text, u32::MAX, Some);
        let hint = match other {
            Some(definition) => Some(format!("`{text}` is {}", self.describe(definition))),
            None => self.suggest_type(program, text),
        };
        let mut diagnostic = self
            .diagnostic(
                Code::UnknownType,
                program,
                name.span,
                format!("no type `{text}` is defined"),
            )
            .thriftpy2(format!(
                "No type found: {}, at line {}",
                python_repr(text),
                self.line(program, name)
            ));
        diagnostic.hint = hint;
        self.report(diagnostic);
        None
    }

    /// A type for messages.
    pub(super) fn type_name(&self, ty: &Type) -> String {
        ty.text(&|id| self.enum_name(id).to_owned(), &|id| {
            self.struct_name(id).to_owned()
        })
    }

    pub(super) fn is_exception(&self, ty: &Type) -> bool {
        matches!(ty, Type::Struct(id)
            if self.structs[id.index()].node.kind == StructKind::Exception)
    }
}

const fn base_type(base: BaseType) -> Type {
    match base {
        BaseType::Bool => Type::Bool,
        BaseType::I8 | BaseType::Byte => Type::I8,
        BaseType::I16 => Type::I16,
        BaseType::I32 => Type::I32,
        BaseType::I64 => Type::I64,
        BaseType::Double => Type::Double,
        BaseType::Float => Type::Float,
        BaseType::String => Type::String,
        BaseType::Binary => Type::Binary,
    }
}
