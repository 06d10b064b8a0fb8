//! Values to values of a type, by thriftpy2's rules: a whole number does for
//! a double and a bool, `true` and `false` do for numbers, a list for a set, a
//! map for a struct. Unlike there, what containers hold is cast and checked.

use super::super::model::{EnumId, StructId, Type, Value};
use super::super::uuid::UuidText;
use super::Linker;
use super::values::{FieldValues, Owner};
use crate::idl::literal::{ParsedInteger, integer_as_double};
use crate::idl::{Code, Span};

impl Linker<'_> {
    /// A value as one of a type. A value that a reference has copied may be
    /// a container; its parts are reported at the reference.
    pub(super) fn cast(
        &mut self,
        owner: &Owner,
        span: Span,
        value: Value,
        ty: &Type,
    ) -> Option<Value> {
        match (value, ty) {
            (Value::Bool(value), Type::Bool) => Some(Value::Bool(value)),
            (Value::Int(value), Type::Bool) => Some(Value::Bool(value != 0)),
            // Only numbers that fit 64 bits can be zero.
            (Value::BigInt(_), Type::Bool) => Some(Value::Bool(true)),
            (value @ (Value::Int(_) | Value::BigInt(_)), _) if is_integer(ty) => {
                self.check_range(owner, span, &value, ty);
                Some(value)
            }
            (Value::Bool(value), _) if is_integer(ty) => Some(Value::Int(value.into())),
            (Value::Double(value), Type::Double | Type::Float) => Some(Value::Double(value)),
            (Value::Int(value), Type::Double | Type::Float) => Some(Value::Double(
                integer_as_double(&ParsedInteger::Small(value)),
            )),
            (Value::BigInt(digits), Type::Double | Type::Float) => Some(Value::Double(
                integer_as_double(&ParsedInteger::Big(digits)),
            )),
            (Value::Bool(value), Type::Double | Type::Float) => Some(Value::Double(value.into())),
            (Value::String(text), Type::String | Type::Binary) => Some(Value::String(text)),
            (Value::String(text), Type::Uuid) => match UuidText::parse(&text) {
                Some(uuid) => Some(Value::Uuid(uuid)),
                None => self.mismatch(owner, span, ty, "a text that is no UUID"),
            },
            (Value::Uuid(text), Type::Uuid) => Some(Value::Uuid(text)),
            (Value::Int(value), Type::Enum(id)) => self.enum_value(owner, span, value, *id),
            (Value::Bool(value), Type::Enum(id)) => self.enum_value(owner, span, value.into(), *id),
            (Value::List(elements) | Value::Set(elements), Type::List(element)) => {
                let elements = self.cast_all(owner, span, elements, element)?;
                Some(Value::List(elements))
            }
            (Value::List(elements) | Value::Set(elements), Type::Set(element)) => {
                let elements = self.cast_all(owner, span, elements, element)?;
                Some(Value::Set(elements))
            }
            (Value::Map(entries), Type::Set(_)) if entries.is_empty() => {
                Some(Value::Set(Vec::new()))
            }
            (Value::Map(entries), Type::Map(types)) => {
                let (key_type, value_type) = &**types;
                let entries: Option<Vec<(Value, Value)>> = entries
                    .into_iter()
                    .map(|(key, value)| {
                        let key = self.cast(owner, span, key, key_type)?;
                        Some((key, self.cast(owner, span, value, value_type)?))
                    })
                    .collect();
                Some(Value::Map(entries?))
            }
            (Value::Map(entries), Type::Struct(id)) => {
                self.struct_from_map(owner, span, entries, *id)
            }
            (Value::Struct { id, fields }, Type::Struct(expected)) if id == *expected => {
                Some(Value::Struct { id, fields })
            }
            (value, _) => {
                let found = self.describe_value(owner, span, &value);
                self.mismatch(owner, span, ty, &found)
            }
        }
    }

    fn cast_all(
        &mut self,
        owner: &Owner,
        span: Span,
        elements: Vec<Value>,
        ty: &Type,
    ) -> Option<Vec<Value>> {
        elements
            .into_iter()
            .map(|element| self.cast(owner, span, element, ty))
            .collect()
    }

    /// A constant that is a map does for a struct, if its keys are fields.
    fn struct_from_map(
        &mut self,
        owner: &Owner,
        span: Span,
        entries: Vec<(Value, Value)>,
        id: StructId,
    ) -> Option<Value> {
        let mut fields = FieldValues::default();
        for (key, value) in entries {
            let Value::String(name) = key else {
                return self.mismatch(owner, span, &Type::String, "a key that is no text");
            };
            let index = self.field_index(owner.program, span, id, &name)?;
            let ty = self.fields[id.index()].ty(index as usize)?.clone();
            let value = self.cast(owner, span, value, &ty)?;
            fields.set(index, value);
        }
        self.check_required(owner.program, span, id, &fields)
            .then(|| fields.finish(id))
    }

    fn enum_value(&mut self, owner: &Owner, span: Span, value: i64, id: EnumId) -> Option<Value> {
        if self.linked_enums[id.index()].has(value) {
            return Some(Value::Int(value));
        }
        let name = self.enum_name(id);
        let message = format!("no item of the enum `{name}` has the value {value}");
        let text = format!("Couldn't find a named value in enum {name} for value {value}");
        let site = self.enums[id.index()];
        let diagnostic = self
            .diagnostic(Code::UnknownEnumValue, owner.program, span, message)
            .related(
                self.source(site.program),
                site.node.name.span,
                "defined here",
            )
            .thriftpy2(text);
        self.report(diagnostic);
        None
    }

    /// thriftpy2 takes such numbers and fails when it sends them.
    fn check_range(&mut self, owner: &Owner, span: Span, value: &Value, ty: &Type) {
        let fits = match (value, ty) {
            (Value::Int(value), Type::I8) => i8::try_from(*value).is_ok(),
            (Value::Int(value), Type::I16) => i16::try_from(*value).is_ok(),
            (Value::Int(value), Type::I32) => i32::try_from(*value).is_ok(),
            (Value::Int(_), _) => true,
            _ => false,
        };
        if !fits {
            let number = self.text(owner.program, span);
            let diagnostic = self.diagnostic(
                Code::ValueOutOfRange,
                owner.program,
                span,
                format!("`{number}` does not fit an `{}`", self.type_name(ty)),
            );
            self.report(diagnostic);
        }
    }

    pub(super) fn mismatch<T>(
        &mut self,
        owner: &Owner,
        span: Span,
        ty: &Type,
        found: &str,
    ) -> Option<T> {
        let name = self.text(owner.program, owner.name.span);
        let what = owner.what;
        let expected = format!("a value of type `{}`", self.type_name(ty));
        let line = self.line(owner.program, owner.name);
        let diagnostic = self
            .diagnostic(
                Code::TypeMismatch,
                owner.program,
                span,
                format!("the {what} `{name}` needs {expected} here, not {found}"),
            )
            .expecting(expected)
            .thriftpy2(format!("Type error for {what} {name} at line {line}"));
        self.report(diagnostic);
        None
    }

    fn describe_value(&self, owner: &Owner, span: Span, value: &Value) -> String {
        match value {
            Value::Bool(true) => "`true`".to_owned(),
            Value::Bool(false) => "`false`".to_owned(),
            Value::Int(value) => format!("the integer {value}"),
            Value::BigInt(_) => "an integer beyond 64 bits".to_owned(),
            Value::Double(_) => {
                let text = self.text(owner.program, span);
                if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
                    "a double".to_owned()
                } else {
                    format!("the double {text}")
                }
            }
            Value::String(_) => "a text".to_owned(),
            Value::Uuid(_) => "a UUID".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Set(_) => "a set".to_owned(),
            Value::Map(_) => "a map".to_owned(),
            Value::Struct { id, .. } => format!("a `{}`", self.struct_name(*id)),
        }
    }
}

const fn is_integer(ty: &Type) -> bool {
    matches!(ty, Type::I8 | Type::I16 | Type::I32 | Type::I64)
}
