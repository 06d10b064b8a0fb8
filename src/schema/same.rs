//! Whether values of two schemas are the same, however each is written.

use std::collections::HashMap;

use super::model::{Schema, StructId, Value};

/// The values of an older and of a newer schema.
pub(super) struct Values<'s> {
    old: &'s Schema,
    new: &'s Schema,
    /// Structs that were compared: defaults stand in for many fields, and one that
    /// leads back to itself is the same as long as nothing else differs.
    compared: HashMap<(*const Value, *const Value), bool>,
}

/// An entry of a map, or an element of a set.
type Entry<'s> = (&'s Value, Option<&'s Value>);

/// The fields of a struct that are given, by their indices.
type ChosenFields = [(u32, Value)];

impl<'s> Values<'s> {
    pub(super) fn new(old: &'s Schema, new: &'s Schema) -> Self {
        Self {
            old,
            new,
            compared: HashMap::new(),
        }
    }

    pub(super) fn are_same(&mut self, old: &'s Value, new: &'s Value) -> bool {
        match (old, new) {
            (Value::List(old), Value::List(new)) => {
                old.len() == new.len() && old.iter().zip(new).all(|(a, b)| self.are_same(a, b))
            }
            (Value::Set(old), Value::Set(new)) => {
                self.entries(&elements_of(old), &elements_of(new))
            }
            (Value::Map(old), Value::Map(new)) => self.entries(&entries_of(old), &entries_of(new)),
            (
                Value::Struct { id, fields },
                Value::Struct {
                    id: new_id,
                    fields: new_fields,
                },
            ) => {
                let pair = (std::ptr::from_ref(old), std::ptr::from_ref(new));
                if let Some(known) = self.compared.get(&pair) {
                    return *known;
                }
                self.compared.insert(pair, true);
                let same = self.structs((*id, fields), (*new_id, new_fields));
                self.compared.insert(pair, same);
                same
            }
            _ => old == new,
        }
    }

    /// A field that is given on one side only is compared with the default of the
    /// other; what became of the defaults of one that neither gives is told of it.
    fn structs(
        &mut self,
        old: (StructId, &'s ChosenFields),
        new: (StructId, &'s ChosenFields),
    ) -> bool {
        let ids = |schema: &Schema, (id, given): (StructId, &ChosenFields)| -> Vec<i32> {
            let fields = &schema[id].fields;
            let ids = given.iter().map(|(index, _)| fields[*index as usize].id);
            ids.collect()
        };
        let given = [ids(self.old, old), ids(self.new, new)].concat();
        given.into_iter().all(|field| {
            match (
                field_of(self.old, old, field),
                field_of(self.new, new, field),
            ) {
                (Some(was), Some(now)) => self.are_same(was, now),
                _ => false,
            }
        })
    }

    /// Whatever their order; of equal keys the last counts.
    fn entries(&mut self, old: &[Entry<'s>], new: &[Entry<'s>]) -> bool {
        let mut both = old.iter().zip(new);
        if old.len() == new.len() && both.all(|(was, now)| self.same_entry(*was, *now)) {
            return true;
        }
        let (in_old, in_new) = (by_rough(old), by_rough(new));
        for (index, was) in old.iter().enumerate() {
            let mut candidates = alike(&in_new, was.0);
            let Some(now) = candidates.find(|now| self.are_same(was.0, new[*now].0)) else {
                return false;
            };
            let mut others = alike(&in_old, new[now].0);
            let last = others.find(|other| self.are_same(old[*other].0, new[now].0));
            if last == Some(index) && !self.same_entry(*was, new[now]) {
                return false;
            }
        }
        new.iter().all(|(key, _)| {
            let mut others = alike(&in_old, key);
            others.any(|was| self.are_same(old[was].0, key))
        })
    }

    fn same_entry(&mut self, (key, value): Entry<'s>, (new_key, new_value): Entry<'s>) -> bool {
        let same_value = match (value, new_value) {
            (Some(old), Some(new)) => self.are_same(old, new),
            _ => true,
        };
        same_value && self.are_same(key, new_key)
    }
}

/// What a struct has in a field, or its default.
fn field_of<'s>(
    schema: &'s Schema,
    (id, given): (StructId, &'s ChosenFields),
    field: i32,
) -> Option<&'s Value> {
    let fields = &schema[id].fields;
    let index = fields.iter().position(|other| other.id == field)?;
    let value = given.iter().find(|(other, _)| *other as usize == index);
    value
        .map(|(_, value)| value)
        .or(fields[index].default.as_deref())
}

fn elements_of(elements: &[Value]) -> Vec<Entry<'_>> {
    elements.iter().map(|element| (element, None)).collect()
}

fn entries_of(entries: &[(Value, Value)]) -> Vec<Entry<'_>> {
    let entries = entries.iter();
    entries.map(|(key, value)| (key, Some(value))).collect()
}

/// The indices of entries, by what their keys have in common, so that not each is
/// compared with each.
type ByRough = HashMap<u64, Vec<usize>>;

fn by_rough(entries: &[Entry<'_>]) -> ByRough {
    let mut found = ByRough::new();
    for (index, (key, _)) in entries.iter().enumerate() {
        found.entry(key.rough()).or_default().push(index);
    }
    found
}

/// Where there may be such a key, the last place first.
fn alike<'a>(entries: &'a ByRough, key: &Value) -> impl Iterator<Item = usize> + use<'a> {
    let places = entries.get(&key.rough()).map_or(&[][..], Vec::as_slice);
    places.iter().rev().copied()
}
