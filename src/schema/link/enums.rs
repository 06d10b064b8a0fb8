//! Enums: the values of their items.

use std::collections::HashMap;

use super::super::model::{Enum, EnumId, EnumItem, ProgramId};
use super::{Linker, SHORT, Site};
use crate::idl::literal::{self, ParsedInteger};
use crate::idl::{Code, syntax};

/// An enum whose items can be looked up.
pub(super) struct LinkedEnum<'a> {
    model: Enum,
    /// Only for long enums.
    tables: Option<ItemTables<'a>>,
}

/// The last item of each name and of each value.
#[derive(Default)]
struct ItemTables<'a> {
    by_name: HashMap<&'a str, usize>,
    by_value: HashMap<i64, usize>,
}

impl<'a> LinkedEnum<'a> {
    pub(super) fn value(&self, name: &str) -> Option<i64> {
        let item = self.by_name(name)?;
        Some(self.model.items[item].value)
    }

    pub(super) fn has(&self, value: i64) -> bool {
        self.by_value(value).is_some()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.model.items.iter().map(|item| &*item.name)
    }

    fn by_name(&self, name: &str) -> Option<usize> {
        match &self.tables {
            Some(tables) => tables.by_name.get(name).copied(),
            None => self.model.items.iter().rposition(|item| item.name == name),
        }
    }

    fn by_value(&self, value: i64) -> Option<usize> {
        match &self.tables {
            Some(tables) => tables.by_value.get(&value).copied(),
            None => self
                .model
                .items
                .iter()
                .rposition(|item| item.value == value),
        }
    }

    fn add(&mut self, name: &'a str, item: EnumItem) {
        if let Some(tables) = &mut self.tables {
            let index = self.model.items.len();
            tables.by_name.insert(name, index);
            tables.by_value.insert(item.value, index);
        }
        self.model.items.push(item);
    }
}

impl Linker<'_> {
    pub(super) fn enum_name(&self, id: EnumId) -> &str {
        let Site { program, node } = self.enums[id.index()];
        self.text(program, node.name.span)
    }

    pub(super) fn link_enums(&mut self) {
        for index in 0..self.enums.len() {
            let Site { program, node } = self.enums[index];
            let mut linked = LinkedEnum {
                model: Enum {
                    program,
                    name: self.name(program, node.name),
                    items: Vec::with_capacity(node.items.len()),
                    annotations: self.annotations(program, node.annotations.as_deref()),
                    doc: self.doc(program, node.doc),
                    line: self.line(program, node.name),
                },
                tables: (node.items.len() > SHORT).then(ItemTables::default),
            };
            self.enum_items(program, node, &mut linked);
            self.linked_enums.push(linked);
        }
    }

    /// The enums, when nothing needs to be looked up in them any more.
    pub(super) fn take_enums(&mut self) -> Vec<Enum> {
        let linked = std::mem::take(&mut self.linked_enums);
        linked.into_iter().map(|linked| linked.model).collect()
    }
}

impl<'a> Linker<'a> {
    /// An item without a value is one more than the one before it, the first
    /// is 0.
    fn enum_items(
        &mut self,
        program: ProgramId,
        node: &'a syntax::Enum,
        linked: &mut LinkedEnum<'a>,
    ) {
        let mut next = Some(0_i64);
        for item in &node.items {
            let value = match item.value {
                None => next,
                Some(value) => match literal::integer(self.text(program, value.span)) {
                    ParsedInteger::Small(value) => Some(value),
                    ParsedInteger::Big(_) => None,
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
            let same_name = linked.by_name(name).is_some();
            let same_value = linked.by_value(value);
            if same_name || same_value.is_some() {
                let other = same_value.map(|other| linked.model.items[other].name.span());
                self.duplicate_item(program, item, same_name, other);
            }
            let model = EnumItem {
                name: self.name(program, item.name),
                value,
                annotations: self.annotations(program, item.annotations.as_deref()),
                doc: self.doc(program, item.doc),
                line: self.line(program, item.name),
            };
            linked.add(name, model);
        }
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
