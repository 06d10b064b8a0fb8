//! Objects of Apache's generated classes: what its C extension makes of the same
//! bytes. Structs count as levels of nesting, not the containers between them.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyList, PySet, PyType};

use super::{Decoder, field_error_at, next_field, set_entry};
use crate::py::error::{Result, Segment};
use crate::py::ffi::{self, Quiet};
use crate::py::imports;
use crate::py::structs::{
    Construction, GeneratedClass, GeneratedField, GeneratedInitializer, GeneratedKind,
    GeneratedPlan, Mutable,
};
use crate::wire::{Error, ErrorKind, ListHeader, Nesting, Reader, WireType};

impl<'py, R: Reader> Decoder<'_, 'py, R> {
    /// Refuses containers of more than so many elements.
    #[must_use]
    pub fn with_most_elements(mut self, count: usize) -> Self {
        self.most_elements = count;
        self
    }

    /// Reads a struct into an object that exists; fields that do not come keep
    /// their value.
    pub fn generated_object(
        &mut self,
        plan: &GeneratedPlan,
        object: &Bound<'py, PyAny>,
    ) -> Result<()> {
        if let Some((slots, _)) = plan.slots(object) {
            return self.generated_fields(plan, |_, field, value| {
                if let Some(slot) = field.slot {
                    slots.set(slot, Some(value));
                }
                Ok(())
            });
        }
        self.generated_fields(plan, |quiet, field, value| {
            let name = field.name.bind(quiet.calls());
            Ok(ffi::set_attribute_of(object, name, &value)?)
        })
    }

    /// Reads a struct into a new object.
    pub fn new_generated(&mut self, plan: &GeneratedPlan) -> Result<Bound<'py, PyAny>> {
        let class = self.quiet.share(plan.class());
        match plan.construction(&class) {
            Construction::Filled(initializer) => self.filled(plan, &class, initializer),
            Construction::Called => {
                self.quiet.calls();
                let object = class.call0()?;
                self.generated_object(plan, &object)?;
                Ok(object)
            }
            Construction::Keywords => {
                let fields = self.quiet.dict();
                self.generated_fields(plan, |quiet, field, value| {
                    let name = quiet.share(&field.name);
                    Ok(ffi::set_item(&fields, name.as_any(), &value)?)
                })?;
                self.quiet.calls();
                Ok(class.call((), Some(&fields))?)
            }
        }
    }

    /// Reads a struct into a new object that is allocated and filled. No code of the
    /// program runs: its class is as the compiler has made it.
    #[inline]
    fn filled(
        &mut self,
        plan: &GeneratedPlan,
        class: &Bound<'py, PyType>,
        initializer: &GeneratedInitializer,
    ) -> Result<Bound<'py, PyAny>> {
        let object = ffi::allocate_as_object(class)?;
        if let Some((slots, _)) = plan.slots(&object) {
            self.generated_fields(plan, |_, field, value| {
                if let Some(slot) = field.slot {
                    slots.set(slot, Some(value));
                }
                Ok(())
            })?;
            slots.fill_empty(plan.fields().iter(), |field| {
                Ok(self.quiet.share(&initializer.defaults()[field.position].1))
            })?;
            return Ok(object);
        }
        // Attributes are set in the order of `__init__`, each default when a field
        // behind it comes: an object's `__dict__` is ordered.
        let mut defaults = initializer.defaults().iter();
        let count = defaults.len();
        let py = class.py();
        self.generated_fields(plan, |_, field, value| {
            while count - defaults.len() < field.position
                && let Some((name, default)) = defaults.next()
            {
                ffi::set_attribute_as_object(&object, name.bind(py), default.bind(py))?;
            }
            if count - defaults.len() == field.position {
                defaults.next();
            }
            Ok(ffi::set_attribute_as_object(
                &object,
                field.name.bind(py),
                &value,
            )?)
        })?;
        for (name, default) in defaults {
            ffi::set_attribute_as_object(&object, name.bind(py), default.bind(py))?;
        }
        Ok(object)
    }

    /// Reads the fields of a struct, handing each known one to `store`.
    #[inline]
    fn generated_fields(
        &mut self,
        plan: &GeneratedPlan,
        mut store: impl FnMut(&mut Quiet<'py>, &GeneratedField, Bound<'py, PyAny>) -> Result<()>,
    ) -> Result<()> {
        self.reader.enter(Nesting::READ_STRUCT)?;
        let mut last_id = 0;
        let mut expected = plan.fields();
        while let Some(header) = self.reader.field(&mut last_id)? {
            let id = header.id;
            let Some(field) = next_field(&mut expected, |f| f.id == id, || plan.find(id)) else {
                self.reader.skip(header.wire_type)?;
                continue;
            };
            if field.wire_type != header.wire_type {
                self.reader.skip(header.wire_type)?;
                continue;
            }
            match self.generated_value(&field.kind) {
                Ok(value) => store(&mut self.quiet, field, value)?,
                Err(error) => return Err(field_error_at(&mut self.quiet, &field.name, error)),
            }
        }
        self.reader.leave()?;
        Ok(())
    }

    #[inline]
    fn generated_value(&mut self, kind: &GeneratedKind) -> Result<Bound<'py, PyAny>> {
        match kind {
            GeneratedKind::Scalar(kind) => self.value(kind),
            GeneratedKind::Struct(class) => self.generated_struct(class),
            kind => self.generated_container(kind),
        }
    }

    #[inline]
    fn generated_struct(&mut self, class: &GeneratedClass) -> Result<Bound<'py, PyAny>> {
        let plan = match class.known_plan_in(&self.quiet) {
            Some(plan) => plan,
            None => class.plan(self.quiet.calls())?,
        };
        self.new_generated(plan)
    }

    fn generated_container(&mut self, kind: &GeneratedKind) -> Result<Bound<'py, PyAny>> {
        match kind {
            GeneratedKind::List(element, mutable) => {
                let list = self.generated_list(element)?;
                Ok(match mutable {
                    Mutable::Yes => list.into_any(),
                    Mutable::No => list.to_tuple().into_any(),
                })
            }
            GeneratedKind::Set(element, mutable) => {
                let list = self.generated_list(element)?;
                let py = match **element {
                    // No code of the program runs for its hash.
                    GeneratedKind::Scalar(_) => list.py(),
                    _ => self.quiet.calls(),
                };
                Ok(match mutable {
                    Mutable::Yes => py.get_type::<PySet>().call1((list,))?,
                    Mutable::No => py.get_type::<PyFrozenSet>().call1((list,))?,
                })
            }
            GeneratedKind::Map(entry, mutable) => {
                let map = self.generated_map(&entry.0, &entry.1)?;
                Ok(match mutable {
                    Mutable::Yes => map.into_any(),
                    Mutable::No => {
                        imports::apache_frozen_dict(self.quiet.calls())?.call1((map,))?
                    }
                })
            }
            GeneratedKind::Scalar(_) | GeneratedKind::Struct(_) => self.generated_value(kind),
        }
    }

    fn generated_list(&mut self, kind: &GeneratedKind) -> Result<Bound<'py, PyList>> {
        let header = self.reader.list()?;
        self.check_elements("list or set", header, kind.wire_type())?;
        let list = match kind {
            GeneratedKind::Scalar(kind) => self.list_items(kind, header)?,
            GeneratedKind::Struct(class) => {
                self.elements(header, |this| this.generated_struct(class))?
            }
            kind => self.elements(header, |this| this.generated_container(kind))?,
        };
        Ok(list.cast_into().map_err(PyErr::from)?)
    }

    fn generated_map(
        &mut self,
        key_kind: &GeneratedKind,
        value_kind: &GeneratedKind,
    ) -> Result<Bound<'py, PyDict>> {
        let header = self.reader.map()?;
        for (element, kind) in [(header.key, key_kind), (header.value, value_kind)] {
            let count = header.count;
            self.check_elements("map", ListHeader { element, count }, kind.wire_type())?;
        }
        let map = self.quiet.dict();
        for _ in 0..header.count {
            let key = match key_kind {
                GeneratedKind::Scalar(kind) => self.key(kind)?,
                kind => {
                    let key = self.generated_value(kind)?;
                    // Its hash is code of the program.
                    self.quiet.calls();
                    key
                }
            };
            match self.generated_value(value_kind) {
                Ok(value) => set_entry(&map, key, value)?,
                Err(error) => return Err(error.inside(Segment::of_key(&key))),
            }
        }
        Ok(map)
    }

    /// Refuses elements of another type than the IDL has, and too many.
    #[inline]
    fn check_elements(
        &self,
        what: &'static str,
        header: ListHeader,
        declared: WireType,
    ) -> Result<()> {
        if header.count > self.most_elements {
            return Err(too_many(what, header.count, self.most_elements).into());
        }
        if header.count > 0 && header.element != Some(declared) {
            return Err(other_type(what, header.element, declared).into());
        }
        Ok(())
    }
}

#[cold]
fn too_many(what: &'static str, count: usize, limit: usize) -> Error {
    ErrorKind::SizeLimit {
        what,
        size: count as u64,
        limit: limit as u64,
    }
    .into()
}

#[cold]
fn other_type(what: &str, found: Option<WireType>, declared: WireType) -> Error {
    let found = found.map_or_else(|| "nothing".to_owned(), |found| format!("{found:?}"));
    Error::malformed(format!(
        "a {what} of {found} came where the IDL has {declared:?}"
    ))
}
