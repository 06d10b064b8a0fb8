//! Values as they are written to values of their type.

use std::collections::HashMap;

use super::super::model::{
    ConstId, Definition, EnumId, ProgramId, Requiredness, StructId, Type, Value,
};
use super::suggest::nearest;
use super::{Linker, Progress, Site, TypedefNode};
use crate::idl::literal;
use crate::idl::syntax::{self, Name, TypeKind, ValueKind};
use crate::idl::{Code, MAX_NESTING, Span, python_repr};

/// References copy values. Constants that repeat others a few times each grow
/// without bounds within a few lines; no real file comes near this.
const MAX_COPIED: usize = 1 << 20;

/// Of the fields that a struct value lacks so many are told.
const MAX_MISSING: usize = 5;

/// A constant's value, with what copying it costs.
pub(super) struct LinkedValue {
    pub(super) ty: Type,
    pub(super) value: Value,
    depth: u32,
    size: usize,
}

/// What a value is written for.
pub(super) struct Owner {
    /// `constant` or `field`.
    pub(super) what: &'static str,
    pub(super) program: ProgramId,
    pub(super) name: Name,
}

/// What a name means where a value is needed.
enum NamedValue {
    Const(ConstId),
    Item(i64),
}

impl Linker<'_> {
    /// Works out a constant, unless that has been done.
    pub(super) fn constant(&mut self, id: ConstId, level: u32) {
        if !matches!(self.const_values[id.index()], Progress::New) {
            return;
        }
        self.const_values[id.index()] = Progress::Active;
        let Site { program, node } = self.consts[id.index()];
        let owner = Owner {
            what: "constant",
            program,
            name: node.name,
        };
        let linked = self.ty(program, &node.ty).and_then(|ty| {
            let value = self.value(&owner, &node.value, &ty, level)?;
            let (depth, size) = measure(&value);
            Some(LinkedValue {
                ty,
                value,
                depth,
                size,
            })
        });
        self.const_values[id.index()] = Progress::Done(linked);
    }

    /// The value that is written, of this type; `None` if it is wrong, which
    /// is reported. `level` counts the calls within each other, through
    /// constants as well.
    pub(super) fn value(
        &mut self,
        owner: &Owner,
        node: &syntax::Value,
        ty: &Type,
        level: u32,
    ) -> Option<Value> {
        if level > MAX_NESTING {
            return self.too_deep(owner.program, node.span);
        }
        let text = self.text(owner.program, node.span);
        match (&node.kind, ty) {
            (ValueKind::Reference, _) => self.reference(owner, node, ty, level),
            (ValueKind::List(elements), Type::List(element)) => {
                let elements = self.elements(owner, elements, element, level)?;
                Some(Value::List(elements))
            }
            (ValueKind::List(elements), Type::Set(element)) => {
                let elements = self.elements(owner, elements, element, level)?;
                Some(Value::Set(elements))
            }
            // thriftpy2 takes `{}` for an empty set, Apache's compiler either
            // brackets for any container.
            (ValueKind::Map(entries), Type::Set(_)) if entries.is_empty() => {
                Some(Value::Set(Vec::new()))
            }
            (ValueKind::Map(entries), Type::List(_)) if entries.is_empty() => {
                Some(Value::List(Vec::new()))
            }
            (ValueKind::List(elements), Type::Map(_)) if elements.is_empty() => {
                Some(Value::Map(Vec::new()))
            }
            (ValueKind::Map(entries), Type::Map(types)) => self.map(owner, entries, types, level),
            (ValueKind::Map(entries), Type::Struct(id)) => {
                self.struct_of_map(owner, node.span, entries, *id, level)
            }
            (ValueKind::Struct { name, fields }, _) => {
                self.struct_by_name(owner, node.span, *name, fields, ty, level)
            }
            (ValueKind::List(_), _) => self.mismatch(owner, node.span, ty, "a list"),
            (ValueKind::Map(_), _) => self.mismatch(owner, node.span, ty, "a map"),
            (ValueKind::Bool(value), _) => self.cast(owner, node.span, Value::Bool(*value), ty),
            (ValueKind::Integer, _) => {
                let value = match literal::integer(text) {
                    literal::ParsedInteger::Small(value) => Value::Int(value),
                    literal::ParsedInteger::Big(digits) => Value::BigInt(digits),
                };
                self.cast(owner, node.span, value, ty)
            }
            (ValueKind::Double, _) => {
                let value = Value::Double(literal::double(text));
                self.cast(owner, node.span, value, ty)
            }
            (ValueKind::Literal, _) => {
                let value = Value::String(literal::text(text).into_owned());
                self.cast(owner, node.span, value, ty)
            }
        }
    }

    fn elements(
        &mut self,
        owner: &Owner,
        nodes: &[syntax::Value],
        ty: &Type,
        level: u32,
    ) -> Option<Vec<Value>> {
        let mut complete = true;
        let mut elements = Vec::with_capacity(nodes.len());
        for node in nodes {
            match self.value(owner, node, ty, level + 1) {
                Some(value) => elements.push(value),
                None => complete = false,
            }
        }
        complete.then_some(elements)
    }

    fn map(
        &mut self,
        owner: &Owner,
        nodes: &[(syntax::Value, syntax::Value)],
        (key_type, value_type): &(Type, Type),
        level: u32,
    ) -> Option<Value> {
        let mut complete = true;
        let mut entries = Vec::with_capacity(nodes.len());
        for (key, value) in nodes {
            let key = self.value(owner, key, key_type, level + 1);
            let value = self.value(owner, value, value_type, level + 1);
            match key.zip(value) {
                Some(entry) => entries.push(entry),
                None => complete = false,
            }
        }
        complete.then_some(Value::Map(entries))
    }

    /// `{"x": 1}` where a struct is needed.
    fn struct_of_map(
        &mut self,
        owner: &Owner,
        span: Span,
        nodes: &[(syntax::Value, syntax::Value)],
        id: StructId,
        level: u32,
    ) -> Option<Value> {
        let mut complete = true;
        let mut fields = FieldValues::default();
        for (key, node) in nodes {
            complete &= self
                .field_key(owner, key, level)
                .and_then(|name| self.field_index(owner.program, key.span, id, &name))
                .and_then(|index| self.field_value(owner, node, id, index, level, &mut fields))
                .is_some();
        }
        complete &= self.check_required(owner.program, span, id, &fields);
        complete.then(|| fields.finish(id))
    }

    /// `Point{x = 1}`.
    fn struct_by_name(
        &mut self,
        owner: &Owner,
        span: Span,
        name: Name,
        nodes: &[syntax::FieldValue],
        ty: &Type,
        level: u32,
    ) -> Option<Value> {
        let named = self.named(owner.program, name, level)?.ty;
        let id = match named {
            Type::Struct(id) if named == *ty => id,
            Type::Struct(id) => {
                let found = format!("a `{}`", self.struct_name(id));
                return self.mismatch(owner, span, ty, &found);
            }
            _ => return self.mismatch(owner, span, ty, "the fields of a struct"),
        };
        let mut complete = true;
        let mut fields = FieldValues::default();
        for node in nodes {
            let name = self.text(owner.program, node.name.span);
            complete &= self
                .field_index(owner.program, node.name.span, id, name)
                .and_then(|index| {
                    self.field_value(owner, &node.value, id, index, level, &mut fields)
                })
                .is_some();
        }
        complete &= self.check_required(owner.program, span, id, &fields);
        complete.then(|| fields.finish(id))
    }

    /// Adds the value that is written for a field; `None` if it is wrong.
    fn field_value(
        &mut self,
        owner: &Owner,
        node: &syntax::Value,
        id: StructId,
        index: u32,
        level: u32,
        fields: &mut FieldValues,
    ) -> Option<()> {
        // A field whose type is wrong has been reported.
        let ty = self.fields[id.index()].ty(index as usize).cloned();
        let value = ty.and_then(|ty| self.value(owner, node, &ty, level + 1));
        let right = value.as_ref().map(|_| ());
        // A wrong value is still one: the field is not missing.
        fields.set(index, value.unwrap_or(Value::Bool(false)));
        right
    }

    /// The name of a field: a text, or a constant that is one.
    fn field_key(&mut self, owner: &Owner, key: &syntax::Value, level: u32) -> Option<String> {
        match self.value(owner, key, &Type::String, level + 1)? {
            Value::String(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn field_index(
        &mut self,
        program: ProgramId,
        span: Span,
        id: StructId,
        name: &str,
    ) -> Option<u32> {
        let fields = &self.fields[id.index()].list;
        let index = fields.iter().position(|field| field.name == name);
        if let Some(index) = index {
            return Some(index as u32);
        }
        let may_search = self.may_search();
        let fields = &self.fields[id.index()].list;
        let nearest = may_search
            .then(|| nearest(name, fields.iter().map(|field| &*field.name)))
            .flatten()
            .map(str::to_owned);
        let text = format!(
            "No field named {} was found in struct of type {}",
            python_repr(name),
            python_repr(self.struct_name(id))
        );
        let message = format!("`{}` has no field `{name}`", self.struct_name(id));
        let Site {
            program: defining,
            node,
        } = self.structs[id.index()];
        let mut diagnostic = self
            .diagnostic(Code::UnknownField, program, span, message)
            .related(self.source(defining), node.name.span, "defined here")
            .thriftpy2(text);
        diagnostic.hint = nearest.map(|name| format!("did you mean `{name}`?"));
        self.report(diagnostic);
        None
    }

    /// Whether all fields are there that are required and have no default.
    /// (thriftpy2 asks for those with a default as well.)
    pub(super) fn check_required(
        &mut self,
        program: ProgramId,
        span: Span,
        id: StructId,
        fields: &FieldValues,
    ) -> bool {
        let mut missing = Vec::new();
        let Site { node, .. } = self.structs[id.index()];
        let list = &self.fields[id.index()].list;
        for (index, field) in list.iter().enumerate() {
            let has_default = node.fields[index].default.is_some();
            let needed = field.requiredness == Requiredness::Required && !has_default;
            if needed && !fields.has(index as u32) {
                missing.push((index, field.name.to_string()));
            }
        }
        let complete = missing.is_empty();
        for (index, field) in missing.into_iter().take(MAX_MISSING) {
            let name = self.struct_name(id);
            let text = format!(
                "Field {} was required to create constant for type {}",
                python_repr(&field),
                python_repr(name)
            );
            let message = format!("the required field `{field}` of `{name}` is missing");
            let Site {
                program: defining,
                node,
            } = self.structs[id.index()];
            let diagnostic = self
                .diagnostic(Code::MissingRequiredField, program, span, message)
                .related(
                    self.source(defining),
                    node.fields[index].name.span,
                    "required here",
                )
                .thriftpy2(text);
            self.report(diagnostic);
        }
        complete
    }

    // --- references ---

    fn reference(
        &mut self,
        owner: &Owner,
        node: &syntax::Value,
        ty: &Type,
        level: u32,
    ) -> Option<Value> {
        let name = self.text(owner.program, node.span);
        let found = self.named_value(owner.program, name, node.span.start);
        if let Type::Enum(id) = ty {
            return self.enum_reference(owner, node, found.as_ref(), *id, level);
        }
        match found {
            Some(NamedValue::Item(value)) => self.cast(owner, node.span, Value::Int(value), ty),
            Some(NamedValue::Const(id)) => {
                let value = self.copy(owner, node.span, id, level)?;
                self.cast(owner, node.span, value, ty)
            }
            None => self.unknown_constant(owner.program, node.span, name),
        }
    }

    /// Where an enum is expected, thriftpy2 takes any number that the enum
    /// has, Apache's compiler any name whose last part is one of its items.
    fn enum_reference(
        &mut self,
        owner: &Owner,
        node: &syntax::Value,
        found: Option<&NamedValue>,
        id: EnumId,
        level: u32,
    ) -> Option<Value> {
        let name = self.text(owner.program, node.span);
        let last = name.rsplit('.').next().unwrap_or(name);
        let by_name = self.linked_enums[id.index()].value(last).map(Value::Int);
        let ty = Type::Enum(id);
        match found {
            Some(&NamedValue::Item(value)) => {
                if self.linked_enums[id.index()].has(value) {
                    return Some(Value::Int(value));
                }
                by_name.or_else(|| self.cast(owner, node.span, Value::Int(value), &ty))
            }
            Some(&NamedValue::Const(constant)) => {
                let value = self.copy(owner, node.span, constant, level)?;
                if let (Value::Int(number), Some(_)) = (&value, &by_name)
                    && !self.linked_enums[id.index()].has(*number)
                {
                    return by_name;
                }
                self.cast(owner, node.span, value, &ty)
            }
            None if by_name.is_some() => by_name,
            None => {
                let may_search = self.may_search();
                let items = self.linked_enums[id.index()].names();
                let nearest = may_search.then(|| nearest(last, items)).flatten();
                let prefix = name.strip_suffix(last).unwrap_or_default();
                let hint = nearest.map(|item| format!("did you mean `{prefix}{item}`?"));
                self.unknown_constant_with(owner.program, node.span, name, hint)
            }
        }
    }

    /// A constant of this name, or `Enum.ITEM`, in this file or an included one.
    fn named_value(&mut self, program: ProgramId, name: &str, before: u32) -> Option<NamedValue> {
        let constant = self.find(program, name, before, |definition| match definition {
            Definition::Const(id) => Some(id),
            _ => None,
        });
        if let Some(id) = constant {
            return Some(NamedValue::Const(id));
        }
        let (prefix, item) = name.rsplit_once('.')?;
        let id = self.enum_named(program, prefix, before, 0)?;
        let value = self.linked_enums[id.index()].value(item)?;
        Some(NamedValue::Item(value))
    }

    /// The enum that a name means, typedefs seen through.
    fn enum_named(
        &mut self,
        program: ProgramId,
        name: &str,
        before: u32,
        level: u32,
    ) -> Option<EnumId> {
        let found = self.find(program, name, before, |definition| match definition {
            Definition::Enum(_) | Definition::Typedef(_) => Some(definition),
            _ => None,
        });
        match found? {
            Definition::Enum(id) => Some(id),
            Definition::Typedef(id) if level < MAX_NESTING => {
                let (program, TypedefNode::Typedef(node)) = self.typedefs[id.index()] else {
                    return None;
                };
                let TypeKind::Named(name) = &node.ty.kind else {
                    return None;
                };
                let text = self.text(program, name.span);
                self.enum_named(program, text, name.span.start, level + 1)
            }
            _ => None,
        }
    }

    /// The value of a constant.
    fn copy(&mut self, owner: &Owner, span: Span, id: ConstId, level: u32) -> Option<Value> {
        if matches!(self.const_values[id.index()], Progress::Active) {
            return self.recursive_constant(owner.program, span, id);
        }
        self.constant(id, level + 1);
        let Progress::Done(Some(linked)) = &self.const_values[id.index()] else {
            return None;
        };
        if linked.depth + level > MAX_NESTING {
            return self.too_deep(owner.program, span);
        }
        if self.copied + linked.size > MAX_COPIED {
            let diagnostic = self.diagnostic(
                Code::ConstantTooLarge,
                owner.program,
                span,
                format!("constants repeat others to more than {MAX_COPIED} values"),
            );
            self.report(diagnostic);
            return None;
        }
        self.copied += linked.size;
        Some(linked.value.clone())
    }

    fn recursive_constant<T>(&mut self, program: ProgramId, span: Span, id: ConstId) -> Option<T> {
        let Site {
            program: defining,
            node,
        } = self.consts[id.index()];
        let name = self.text(defining, node.name.span);
        let diagnostic = self
            .diagnostic(
                Code::RecursiveConstant,
                program,
                span,
                format!("the constant `{name}` needs itself"),
            )
            .related(self.source(defining), node.name.span, "defined here");
        self.report(diagnostic);
        None
    }

    fn unknown_constant<T>(&mut self, program: ProgramId, span: Span, name: &str) -> Option<T> {
        let hint = self
            .suggest_item(program, name, span.start)
            .or_else(|| self.suggest_constant(program, name));
        self.unknown_constant_with(program, span, name, hint)
    }

    fn suggest_constant(&mut self, program: ProgramId, name: &str) -> Option<String> {
        self.suggest(program, name, |definition| {
            matches!(definition, Definition::Const(_))
        })
    }

    /// A hint for `Enum.ITEM`, where the enum or the item is called otherwise.
    fn suggest_item(&mut self, program: ProgramId, name: &str, before: u32) -> Option<String> {
        let (prefix, item) = name.rsplit_once('.')?;
        if !self.may_search() {
            return None;
        }
        if let Some(id) = self.enum_named(program, prefix, before, 0) {
            let meant = nearest(item, self.linked_enums[id.index()].names())?;
            return Some(format!("did you mean `{prefix}.{meant}`?"));
        }
        let is_enum = |definition| matches!(definition, Definition::Enum(_));
        let meant = self.of_an_include(program, prefix, &is_enum)?;
        Some(format!("did you mean `{meant}.{item}`?"))
    }

    fn unknown_constant_with<T>(
        &mut self,
        program: ProgramId,
        span: Span,
        name: &str,
        hint: Option<String>,
    ) -> Option<T> {
        if self.is_of_missing_include(program, name) {
            return None;
        }
        let quoted = python_repr(name);
        let mut diagnostic = match self.find(program, name, u32::MAX, Some) {
            Some(other) => self
                .diagnostic(
                    Code::NotAConstant,
                    program,
                    span,
                    format!("`{name}` is {}, not a value", self.describe(other)),
                )
                .expecting("a constant or a value of an enum")
                .thriftpy2(format!("No enum value or constant found named {quoted}")),
            None => self
                .diagnostic(
                    Code::UnknownConstant,
                    program,
                    span,
                    format!("no constant or enum value `{name}` is defined"),
                )
                .thriftpy2(format!(
                    "Can't find name {quoted} at line {}",
                    self.source(program).line(span.start)
                )),
        };
        if diagnostic.code == Code::UnknownConstant {
            diagnostic.hint = hint;
        }
        self.report(diagnostic);
        None
    }
}

/// The values of the fields of a struct, each once: of two for one field the
/// last counts, in the place of the first, as in a Python dict.
#[derive(Default)]
pub(super) struct FieldValues {
    values: Vec<(u32, Value)>,
    places: HashMap<u32, usize>,
}

impl FieldValues {
    pub(super) fn set(&mut self, index: u32, value: Value) {
        let place = *self.places.entry(index).or_insert(self.values.len());
        match self.values.get_mut(place) {
            Some(entry) => entry.1 = value,
            None => self.values.push((index, value)),
        }
    }

    fn has(&self, index: u32) -> bool {
        self.places.contains_key(&index)
    }

    pub(super) fn finish(self, id: StructId) -> Value {
        Value::Struct {
            id,
            fields: self.values,
        }
    }
}

/// How deep a value is nested and how many values it is made of.
fn measure(value: &Value) -> (u32, usize) {
    let (mut depth, mut size) = (1, 1);
    value.each_part(|part| {
        let (part_depth, part_size) = measure(part);
        depth = depth.max(part_depth + 1);
        size += part_size;
    });
    (depth, size)
}
