//! Enums: the values of their items.

use std::collections::HashMap;

use super::super::model::{Enum, EnumId, EnumItem, ProgramId};
use super::{Linker, Site};
use crate::idl::literal::{self, Integer};
use crate::idl::{Code, syntax};

/// The items of an enum by name and by value. Made for each enum, since
/// finding duplicates needs it anyway.
pub(super) struct EnumIndex<'a> {
    by_name: HashMap<&'a str, i64>,
    by_value: HashMap<i64, usize>,
}

impl EnumIndex<'_> {
    pub(super) fn value(&self, name: &str) -> Option<i64> {
        self.by_name.get(name).copied()
    }

    pub(super) fn has(&self, value: i64) -> bool {
        self.by_value.contains_key(&value)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().copied()
    }
}

impl Linker<'_> {
    pub(super) fn enum_name(&self, id: EnumId) -> &str {
        let Site { program, node } = self.enums[id.index()];
        self.text(program, node.name.span)
    }

    pub(super) fn link_enums(&mut self) -> Vec<Enum> {
        let mut enums = Vec::with_capacity(self.enums.len());
        for index in 0..self.enums.len() {
            let Site { program, node } = self.enums[index];
            enums.push(Enum {
                program,
                name: self.owned(program, node.name),
                items: self.enum_items(program, node),
                annotations: self.annotations(program, node.annotations.as_ref()),
                doc: self.doc(program, node.doc),
                line: self.line(program, node.name),
            });
        }
        enums
    }
}

impl<'a> Linker<'a> {
    /// An item without a value is one more than the one before it, the first
    /// is 0.
    fn enum_items(&mut self, program: ProgramId, node: &'a syntax::Enum) -> Vec<EnumItem> {
        let mut index = EnumIndex {
            by_name: HashMap::with_capacity(node.items.len()),
            by_value: HashMap::with_capacity(node.items.len()),
        };
        let mut items = Vec::with_capacity(node.items.len());
        let mut next = Some(0_i64);
        for (number, item) in node.items.iter().enumerate() {
            let value = match item.value {
                None => next,
                Some(value) => match literal::integer(self.text(program, value.span)) {
                    Integer::Small(value) => Some(value),
                    Integer::Big(_) => None,
                },
            };
            let name = self.text(program, item.name.span);
            let span = item.value.map_or(item.name.span, |value| value.span);
            let Some(value) = value else {
                let diagnostic = self
                    .diagnostic(
                        Code::NumberOutOfRange,
                        program,
                        span,
                        format!("the value of `{name}` does not fit 64 bits"),
                    )
                    .expecting("a number of 32 bits");
                self.report(diagnostic);
                continue;
            };
            next = value.checked_add(1);
            if i32::try_from(value).is_err() {
                let diagnostic = self.diagnostic(
                    Code::ValueOutOfRange,
                    program,
                    span,
                    format!("the value {value} of `{name}` does not fit the 32 bits of an enum"),
                );
                self.report(diagnostic);
            }
            let same_name = index.by_name.insert(name, value).is_some();
            let same_value = index.by_value.insert(value, number);
            if same_name || same_value.is_some() {
                let other = same_value.map(|other| node.items[other].name.span);
                self.duplicate_item(program, item, same_name, other);
            }
            items.push(EnumItem {
                name: name.to_owned(),
                value,
                annotations: self.annotations(program, item.annotations.as_ref()),
                doc: self.doc(program, item.doc),
                line: self.line(program, item.name),
            });
        }
        self.enum_indices.push(index);
        items
    }

    fn duplicate_item(
        &mut self,
        program: ProgramId,
        item: &syntax::EnumItem,
        same_name: bool,
        other: Option<crate::idl::Span>,
    ) {
        let name = self.text(program, item.name.span);
        let message = if same_name {
            format!("the enum already has an item `{name}`; the last one counts")
        } else {
            format!("`{name}` has the value of another item")
        };
        let mut diagnostic =
            self.diagnostic(Code::DuplicateEnumValue, program, item.name.span, message);
        if let Some(other) = other {
            diagnostic = diagnostic.related(self.source(program), other, "the same value");
        }
        self.report(diagnostic);
    }
}
