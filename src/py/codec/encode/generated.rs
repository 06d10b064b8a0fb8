//! Objects of Apache's generated classes. The class that the IDL names decides,
//! as in Apache's C extension, and structs count as levels of nesting, not the
//! containers between them.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::{Encoder, changed_size, same_size, sized};
use crate::py::codec::coerce::{answer_of, not_a, truth};
use crate::py::error::{CodecError, Result, Segment};
use crate::py::ffi::{self, DictEntries, Left};
use crate::py::structs::{GeneratedField, GeneratedKind, GeneratedPlan, Kind};
use crate::wire::{Nesting, Scalar, Writer};

impl<'py, W: Writer> Encoder<'py, W> {
    /// Writes an object by the plan of its class.
    pub fn generated_object(
        &mut self,
        plan: &GeneratedPlan,
        object: &Bound<'py, PyAny>,
    ) -> Result<()> {
        self.writer.enter(Nesting::WRITE_STRUCT)?;
        let mut last_id = 0;
        if let Some((_, slots)) = plan.slots(object) {
            for (field, slot) in plan.fields().iter().zip(slots.iter()) {
                if slot.write_field(field.scalar, field.id, &mut last_id, &mut self.writer) {
                    continue;
                }
                if let Some(value) = slot.get().filter(|value| !value.is_none())
                    && let Err(error) = self.generated_field(field, &value, &mut last_id)
                {
                    let name = field.name.clone_ref(self.py);
                    return Err(error.inside(Segment::Field(name)));
                }
            }
            self.writer.stop();
            self.writer.leave();
            return Ok(());
        }
        for field in plan.fields() {
            let value = ffi::attribute_of(object, field.name.bind(self.py))?;
            if ffi::write_exact_field(
                field.scalar,
                &value,
                field.id,
                &mut last_id,
                &mut self.writer,
            ) {
                continue;
            }
            if let Err(error) = self.generated_field(field, &value, &mut last_id) {
                let name = field.name.clone_ref(self.py);
                return Err(error.inside(Segment::Field(name)));
            }
        }
        self.writer.stop();
        self.writer.leave();
        Ok(())
    }

    #[inline]
    fn generated_field(
        &mut self,
        field: &GeneratedField,
        value: &Bound<'py, PyAny>,
        last_id: &mut i16,
    ) -> Result<()> {
        if let GeneratedKind::Scalar(Kind::Bool) = field.kind {
            let value = Scalar::Bool(truth(value)?);
            return Ok(self.writer.scalar_field(value, field.id, last_id)?);
        }
        self.writer.field(field.wire_type, field.id, last_id);
        self.generated_value(&field.kind, value)
    }

    fn generated_value(&mut self, kind: &GeneratedKind, value: &Bound<'py, PyAny>) -> Result<()> {
        match kind {
            GeneratedKind::Scalar(kind) => self.value(kind, value),
            GeneratedKind::Struct(class) => self.generated_object(class.plan(self.py)?, value),
            GeneratedKind::List(element, _) | GeneratedKind::Set(element, _) => match &**element {
                GeneratedKind::Scalar(kind) => self.list_items(kind, value),
                element => self.generated_list(element, value),
            },
            GeneratedKind::Map(entry, _) => {
                if let Ok(map) = value.cast::<PyDict>() {
                    return self.generated_map(&entry.0, &entry.1, map);
                }
                // A dict is made of pairs, too, of none for example.
                if !value.hasattr(intern!(self.py, "keys"))? {
                    return Err(not_a("a dict", value));
                }
                let map = self.py.get_type::<PyDict>().call1((value,));
                let map = answer_of(value, "a dict", map)?;
                let map = map.cast::<PyDict>().map_err(PyErr::from)?;
                self.generated_map(&entry.0, &entry.1, map)
            }
        }
    }

    fn generated_list(&mut self, kind: &GeneratedKind, value: &Bound<'py, PyAny>) -> Result<()> {
        if let Ok(list) = value.cast_exact::<PyList>() {
            self.generated_items(kind, list.len(), list.iter())
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            self.generated_items(kind, tuple.len(), tuple.iter())
        } else {
            let (length, items) = sized(value, W::IS_TEXT)?;
            let mut raised = None;
            let items = items.map_while(|item| item.map_err(|error| raised = Some(error)).ok());
            let written = self.generated_items(kind, length, items);
            match raised {
                Some(error) => Err(error.into()),
                None => written,
            }
        }
    }

    #[inline]
    fn generated_items(
        &mut self,
        kind: &GeneratedKind,
        length: usize,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
    ) -> Result<()> {
        self.writer.list(kind.wire_type(), length)?;
        let mut count = 0;
        for item in items {
            if count == length {
                return Err(changed_size());
            }
            if let Err(error) = self.generated_value(kind, &item) {
                return Err(error.inside(Segment::Index(count)));
            }
            count += 1;
        }
        same_size(length, count)
    }

    fn generated_map(
        &mut self,
        key_kind: &GeneratedKind,
        value_kind: &GeneratedKind,
        map: &Bound<'py, PyDict>,
    ) -> Result<()> {
        self.writer
            .map(key_kind.wire_type(), value_kind.wire_type(), map.len())?;
        let scalars = (key_kind.scalar(), value_kind.scalar());
        let mut count = 0;
        let mut entries = DictEntries::new(map);
        while let Some(left) = entries.write_next(scalars.0, scalars.1, &mut self.writer) {
            let inside = |key: &Bound<'py, PyAny>| {
                let segment = Segment::of_key(key);
                move |error: CodecError| error.inside(segment)
            };
            match left {
                Left::Nothing => {}
                Left::Value(key, value) => self
                    .generated_value(value_kind, &value)
                    .map_err(|error| inside(&key)(error))?,
                Left::Both(key, value) => self
                    .generated_value(key_kind, &key)
                    .and_then(|()| self.generated_value(value_kind, &value))
                    .map_err(|error| inside(&key)(error))?,
            }
            count += 1;
        }
        same_size(map.len(), count)
    }
}
