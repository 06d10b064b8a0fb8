//! What a set of IDL files means.

use std::collections::HashMap;
use std::ops::Index;
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::idl::syntax::StructKind;
use crate::idl::{Diagnostic, Rare, Text};

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $id:ident $table:ident $item:ident)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $id(pub u32);

            impl $id {
                /// Its place in the table of the [`Schema`].
                #[must_use]
                pub const fn index(self) -> usize {
                    self.0 as usize
                }

                pub(super) const fn at(index: usize) -> Self {
                    Self(index as u32)
                }
            }

            impl Index<$id> for Schema {
                type Output = $item;

                fn index(&self, id: $id) -> &$item {
                    &self.$table[id.index()]
                }
            }
        )*
    };
}

ids! {
    /// Names a [`Program`] of a [`Schema`].
    ProgramId programs Program
    /// Names an [`Enum`] of a [`Schema`].
    EnumId enums Enum
    /// Names a [`Struct`] of a [`Schema`].
    StructId structs Struct
    /// Names a [`Typedef`] of a [`Schema`].
    TypedefId typedefs Typedef
    /// Names a [`Const`] of a [`Schema`].
    ConstId consts Const
    /// Names a [`Service`] of a [`Schema`].
    ServiceId services Service
}

/// A set of files, linked. Ids index its tables: `schema[id]`.
///
/// Names are pieces of the texts of the files, which it keeps for them.
#[derive(Debug, Default)]
pub struct Schema {
    /// The files: what a file includes stands before it, the root is last.
    pub programs: Vec<Program>,
    /// All enums.
    pub enums: Vec<Enum>,
    /// All structs, unions and exceptions.
    pub structs: Vec<Struct>,
    /// All typedefs.
    pub typedefs: Vec<Typedef>,
    /// All constants.
    pub consts: Vec<Const>,
    /// All services.
    pub services: Vec<Service>,
    pub(super) type_annotations: TypeAnnotations,
    /// What is odd in the files, by file and place.
    pub warnings: Vec<Diagnostic>,
}

impl Schema {
    /// The file that was asked for; `None` only for an empty schema.
    #[must_use]
    pub fn root(&self) -> Option<&Program> {
        self.programs.last()
    }

    /// How many definitions stand for a class.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.enums.len() + self.structs.len() + self.services.len()
    }
}

/// One file.
#[derive(Debug)]
pub struct Program {
    /// The path, as it was given or put together from an include directory
    /// and the text of the include.
    pub path: PathBuf,
    /// The file name without `.thrift`: the prefix of its names elsewhere.
    pub name: String,
    /// The doc comment of the file.
    pub doc: Option<Box<str>>,
    /// The includes, in order.
    pub includes: Vec<Include>,
    /// The namespaces, in order. For one scope the last counts.
    pub namespaces: Vec<Namespace>,
    /// What the file defines, in order.
    pub definitions: Vec<Definition>,
}

/// `include "shared.thrift"`
#[derive(Debug)]
pub struct Include {
    /// The path as it is written.
    pub path: String,
    /// What its names start with in this file, if it is not the name of that.
    pub alias: Option<String>,
    /// The path it was found at, which is not `Program::path` if another
    /// include came to the same file by another way. Empty if it is missing.
    pub found: PathBuf,
    /// The file; `None` if it is missing and that was allowed.
    pub program: Option<ProgramId>,
    /// The line of the path.
    pub line: u32,
}

/// `namespace py shared`
#[derive(Debug)]
pub struct Namespace {
    /// The language, or `*`.
    pub scope: String,
    /// The namespace.
    pub name: String,
    /// Annotations, in order.
    pub annotations: Rare<Annotation>,
    /// The line of the name.
    pub line: u32,
}

/// One definition of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// A constant.
    Const(ConstId),
    /// A typedef, or a senum, which is a typedef of `string`.
    Typedef(TypedefId),
    /// An enum.
    Enum(EnumId),
    /// A struct, union or exception.
    Struct(StructId),
    /// A service.
    Service(ServiceId),
}

/// `key = "value"`, or only `key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The key.
    pub key: String,
    /// The value, if there is one.
    pub value: Option<String>,
}

/// A type. Typedefs are gone: each reference holds what it stands for. What a
/// typedef stood for is shared by its references.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `bool`
    Bool,
    /// `i8`, `byte`
    I8,
    /// `i16`
    I16,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `double`
    Double,
    /// `float`
    Float,
    /// `string`
    String,
    /// `binary`
    Binary,
    /// `uuid`
    Uuid,
    /// An enum.
    Enum(EnumId),
    /// A struct, union or exception.
    Struct(StructId),
    /// `list<element>`
    List(Arc<Type>),
    /// `set<element>`
    Set(Arc<Type>),
    /// `map<key, value>`
    Map(Arc<(Type, Type)>),
}

impl Type {
    /// The word of the IDL for the type; none where it is a name.
    #[must_use]
    pub const fn word(&self) -> Option<&'static str> {
        Some(match self {
            Self::Bool => "bool",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::Double => "double",
            Self::Float => "float",
            Self::String => "string",
            Self::Binary => "binary",
            Self::Uuid => "uuid",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Enum(_) | Self::Struct(_) => return None,
        })
    }
}

/// A value of a constant or a default, cast to its type: references are
/// replaced by what they name, and enum values by their number.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of `bool`.
    Bool(bool),
    /// Of an integer type or an enum.
    Int(i64),
    /// Of an integer type, beyond 64 bits, as thriftpy2 allows: digits for
    /// Python's `int(text, 0)`.
    BigInt(String),
    /// Of `double`.
    Double(f64),
    /// Of `string` or `binary`.
    String(String),
    /// Of `uuid`: 32 hexadecimal digits, with or without hyphens and braces,
    /// as they are written.
    Uuid(String),
    /// Of a list.
    List(Vec<Value>),
    /// Of a set. Equal elements are not dropped.
    Set(Vec<Value>),
    /// Of a map. Of equal keys the last counts.
    Map(Vec<(Value, Value)>),
    /// Of a struct, union or exception.
    Struct {
        /// Which one.
        id: StructId,
        /// The fields that are given, each by its index in
        /// [`Struct::fields`], in the order they are written, none twice.
        fields: Vec<(u32, Value)>,
    },
}

impl Value {
    /// Adds the structs that it is made of, in the order in which they are made, each
    /// with how many values it is within; this one is at `level`.
    pub fn add_structs(&self, level: u32, structs: &mut Vec<(StructId, u32)>) {
        match self {
            Self::List(items) | Self::Set(items) => {
                for item in items {
                    item.add_structs(level + 1, structs);
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    key.add_structs(level + 1, structs);
                    value.add_structs(level + 1, structs);
                }
            }
            Self::Struct { id, fields } => {
                structs.push((*id, level));
                for (_, value) in fields {
                    value.add_structs(level + 1, structs);
                }
            }
            Self::Bool(_)
            | Self::Int(_)
            | Self::BigInt(_)
            | Self::Double(_)
            | Self::String(_)
            | Self::Uuid(_) => {}
        }
    }
}

/// An enum.
#[derive(Debug)]
pub struct Enum {
    /// The file it is in.
    pub program: ProgramId,
    /// The name.
    pub name: Text,
    /// The items, in order.
    pub items: Vec<EnumItem>,
    /// Annotations, in order.
    pub annotations: Rare<Annotation>,
    /// The doc comment.
    pub doc: Option<Box<str>>,
    /// The line of the name.
    pub line: u32,
}

/// An item of an enum.
#[derive(Debug)]
pub struct EnumItem {
    /// The name.
    pub name: Text,
    /// The value. 32 bits, unless the file says otherwise.
    pub value: i64,
    /// Annotations, in order.
    pub annotations: Rare<Annotation>,
    /// The doc comment.
    pub doc: Option<Box<str>>,
    /// The line of the name.
    pub line: u32,
}

/// A struct, union or exception.
#[derive(Debug)]
pub struct Struct {
    /// The file it is in.
    pub program: ProgramId,
    /// Which of the three it is.
    pub kind: StructKind,
    /// The name.
    pub name: Text,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// Annotations, in order.
    pub annotations: Rare<Annotation>,
    /// The doc comment.
    pub doc: Option<Box<str>>,
    /// The line of the name.
    pub line: u32,
}

/// What a field says about its presence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Requiredness {
    /// Nothing. Fields of a union are [`Requiredness::Optional`] then.
    #[default]
    Default,
    /// `required`
    Required,
    /// `optional`
    Optional,
}

/// A field of a struct, an argument, or an exception that a function throws.
#[derive(Debug)]
pub struct Field {
    /// The id. Fields without one get -1, -2, ... in order. 16 bits, unless
    /// the file says otherwise.
    pub id: i32,
    /// The name.
    pub name: Text,
    /// The requiredness.
    pub requiredness: Requiredness,
    /// The type.
    pub ty: Type,
    /// The default.
    pub default: Option<Box<Value>>,
    /// Annotations, in order.
    pub annotations: Rare<Annotation>,
    /// The doc comment.
    pub doc: Option<Box<str>>,
    /// The line of the name.
    pub line: u32,
}

/// A typedef. Nothing refers to it any more; it is a name for a type.
#[derive(Debug)]
pub struct Typedef {
    /// The file it is in.
    pub program: ProgramId,
    /// The name.
    pub name: Text,
    /// What it stands for.
    pub ty: Type,
    /// Annotations, in order.
    pub annotations: Rare<Annotation>,
    /// The doc comment.
    pub doc: Option<Box<str>>,
    /// The line of the name.
    pub line: u32,
}

/// A constant.
#[derive(Debug)]
pub struct Const {
    /// The file it is in.
    pub program: ProgramId,
    /// The name.
    pub name: Text,
    /// The type.
    pub ty: Type,
    /// The value.
    pub value: Value,
    /// Annotations, in order.
    pub annotations: Rare<Annotation>,
    /// The doc comment.
    pub doc: Option<Box<str>>,
    /// The line of the name.
    pub line: u32,
}

/// A service.
#[derive(Debug)]
pub struct Service {
    /// The file it is in.
    pub program: ProgramId,
    /// The name.
    pub name: Text,
    /// The service it extends, of any file.
    pub extends: Option<ServiceId>,
    /// Its own functions, in order.
    pub functions: Vec<Function>,
    /// Annotations, in order.
    pub annotations: Rare<Annotation>,
    /// The doc comment.
    pub doc: Option<Box<str>>,
    /// The line of the name.
    pub line: u32,
}

/// A function of a service.
#[derive(Debug)]
pub struct Function {
    /// The name.
    pub name: Text,
    /// Whether it is `oneway`.
    pub oneway: bool,
    /// What it returns; `None` is `void`.
    pub result: Option<Type>,
    /// The arguments, in order.
    pub arguments: Vec<Field>,
    /// The exceptions, in order.
    pub throws: Vec<Field>,
    /// Annotations, in order.
    pub annotations: Rare<Annotation>,
    /// The doc comment.
    pub doc: Option<Box<str>>,
    /// The line of the name.
    pub line: u32,
}

/// The annotations of lists, sets and maps, beside the types: hardly any has some, and
/// what a type is does not depend on them. That of a typedef is shared by its references,
/// and so are its annotations, as in Apache's compiler.
#[derive(Debug, Default)]
pub(super) struct TypeAnnotations {
    /// By the place of what the container holds, which it keeps.
    of_containers: HashMap<usize, (Type, Rare<Annotation>)>,
}

impl TypeAnnotations {
    pub(super) fn keep(&mut self, ty: &Type, annotations: Rare<Annotation>) {
        if !annotations.is_empty()
            && let Some(place) = place(ty)
        {
            self.of_containers.insert(place, (ty.clone(), annotations));
        }
    }

    pub(super) fn of(&self, ty: &Type) -> &[Annotation] {
        let found = place(ty).and_then(|place| self.of_containers.get(&place));
        found.map_or(&[], |(_, annotations)| annotations)
    }
}

fn place(container: &Type) -> Option<usize> {
    match container {
        Type::List(element) | Type::Set(element) => Some(Arc::as_ptr(element).addr()),
        Type::Map(both) => Some(Arc::as_ptr(both).addr()),
        _ => None,
    }
}
