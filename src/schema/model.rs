//! What a set of IDL files means.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Index;
use std::path::PathBuf;
use std::sync::Arc;

use super::uuid::UuidText;
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

/// What a type is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeParts<'t> {
    /// Of nothing else: a word of the IDL is all of it.
    Word,
    /// An enum.
    Enum(EnumId),
    /// A struct, union or exception.
    Struct(StructId),
    /// The elements of a list or a set.
    Elements(&'t Type),
    /// The keys and the values of a map.
    Entries(&'t Type, &'t Type),
}

impl Type {
    /// Those that came to Thrift later: their words are names wherever something is
    /// defined by them, as in Apache's compiler and thriftpy2.
    pub(super) const LATER: [Self; 1] = [Self::Uuid];

    /// What it is made of: for whoever does the same for all that have elements.
    #[must_use]
    pub fn parts(&self) -> TypeParts<'_> {
        match self {
            Self::Enum(id) => TypeParts::Enum(*id),
            Self::Struct(id) => TypeParts::Struct(*id),
            Self::List(element) | Self::Set(element) => TypeParts::Elements(element),
            Self::Map(entry) => TypeParts::Entries(&entry.0, &entry.1),
            Self::Bool
            | Self::I8
            | Self::I16
            | Self::I32
            | Self::I64
            | Self::Double
            | Self::Float
            | Self::String
            | Self::Binary
            | Self::Uuid => TypeParts::Word,
        }
    }

    /// The type as the IDL writes it, with what is given for what has a name.
    pub(super) fn text(
        &self,
        of_enum: &dyn Fn(EnumId) -> String,
        of_struct: &dyn Fn(StructId) -> String,
    ) -> String {
        let text = |ty: &Self| ty.text(of_enum, of_struct);
        let word = self.word().unwrap_or_default();
        match self.parts() {
            TypeParts::Word => word.to_owned(),
            TypeParts::Enum(id) => of_enum(id),
            TypeParts::Struct(id) => of_struct(id),
            TypeParts::Elements(element) => format!("{word}<{}>", text(element)),
            TypeParts::Entries(key, value) => {
                format!("{word}<{}, {}>", text(key), text(value))
            }
        }
    }

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
    /// Of `uuid`.
    Uuid(UuidText),
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

/// What a value is made of.
#[derive(Clone, Copy, Debug)]
pub(super) enum ValueParts<'v> {
    /// The elements of a list or a set.
    Elements(&'v [Value]),
    /// The entries of a map.
    Entries(&'v [(Value, Value)]),
    /// The fields of a struct that are given, by their indices.
    Fields(StructId, &'v [(u32, Value)]),
    /// Of no others.
    Nothing,
}

impl Value {
    /// What it is made of: for whoever does the same for all that have elements.
    pub(super) fn parts(&self) -> ValueParts<'_> {
        match self {
            Self::List(elements) | Self::Set(elements) => ValueParts::Elements(elements),
            Self::Map(entries) => ValueParts::Entries(entries),
            Self::Struct { id, fields } => ValueParts::Fields(*id, fields),
            Self::Bool(_)
            | Self::Int(_)
            | Self::BigInt(_)
            | Self::Double(_)
            | Self::String(_)
            | Self::Uuid(_) => ValueParts::Nothing,
        }
    }

    /// Calls `visit` with each value that this one is made of, in order.
    pub(super) fn each_part(&self, mut visit: impl FnMut(&Self)) {
        match self.parts() {
            ValueParts::Elements(elements) => elements.iter().for_each(visit),
            ValueParts::Entries(entries) => {
                for (key, value) in entries {
                    visit(key);
                    visit(value);
                }
            }
            ValueParts::Fields(_, fields) => fields.iter().for_each(|(_, value)| visit(value)),
            ValueParts::Nothing => {}
        }
    }

    /// The text that it is written as.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Uuid(uuid) => Some(uuid.as_str()),
            Self::Bool(_)
            | Self::Int(_)
            | Self::BigInt(_)
            | Self::Double(_)
            | Self::List(_)
            | Self::Set(_)
            | Self::Map(_)
            | Self::Struct { .. } => None,
        }
    }

    /// What values have in common that are the same, and hardly any keys of a map have
    /// that are not.
    pub(super) fn rough(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Int(number) => number.hash(&mut hasher),
            Self::String(text) => text.hash(&mut hasher),
            Self::Uuid(uuid) => uuid.hash(&mut hasher),
            Self::Bool(_)
            | Self::BigInt(_)
            | Self::Double(_)
            | Self::List(_)
            | Self::Set(_)
            | Self::Map(_)
            | Self::Struct { .. } => {}
        }
        hasher.finish()
    }

    /// Adds the structs that it is made of, in the order in which they are made, each
    /// with how many values it is within; this one is at `level`.
    pub fn add_structs(&self, level: u32, structs: &mut Vec<(StructId, u32)>) {
        if let ValueParts::Fields(id, _) = self.parts() {
            structs.push((id, level));
        }
        self.each_part(|part| part.add_structs(level + 1, structs));
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

/// Where the parts of a container are, which it shares with its copies.
fn place(container: &Type) -> Option<usize> {
    match container.parts() {
        TypeParts::Elements(element) => Some(std::ptr::from_ref(element).addr()),
        TypeParts::Entries(key, _) => Some(std::ptr::from_ref(key).addr()),
        TypeParts::Word | TypeParts::Enum(_) | TypeParts::Struct(_) => None,
    }
}
