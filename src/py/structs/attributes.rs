//! `__dict__` of loaded structs: the fields in their slots and the other
//! attributes, as one dict.

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use super::layout::Layout;
use crate::py::{ffi, imports};

/// The attributes as a plain dict: fields in IDL order, then others.
pub fn snapshot<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let py = object.py();
    let dict = PyDict::new(py);
    let layout = Layout::of(&object.get_type());
    let extras = ffi::extras(object);
    if let Some(layout) = &layout {
        let layout = layout.get();
        let slots = layout.slots().view(object);
        for field in layout.fields() {
            let name = field.name.bind(py);
            let value = match (field.slot, slots) {
                (Some(slot), Some(slots)) => slots.get(slot),
                _ => match &extras {
                    Some(extras) => extras.get_item(name)?,
                    None => None,
                },
            };
            if let Some(value) = value {
                dict.set_item(name, value)?;
            }
        }
    }
    for (name, value) in extras.iter().flat_map(ffi::DictEntries::new) {
        if !dict.contains(&name)? {
            dict.set_item(name, value)?;
        }
    }
    Ok(dict)
}

/// What `__getstate__` gives, as that of `object` does: the attributes, and with
/// them what a subclass keeps in slots of its own.
pub fn state<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let attributes = snapshot(object)?;
    match slots_of_subclass(object)? {
        None => Ok(attributes.into_any()),
        Some(slots) => Ok((attributes, slots).into_pyobject(object.py())?.into_any()),
    }
}

fn slots_of_subclass<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let (py, class) = (object.py(), object.get_type());
    let Some(layout) = Layout::of(&class) else {
        return Ok(None);
    };
    let layout = layout.get();
    let owner = layout.slots().class().bind(py);
    let size = intern!(py, "__basicsize__");
    if class.is(owner) || class.getattr(size)?.eq(owner.getattr(size)?)? {
        return Ok(None);
    }
    let descriptor = imports::member_descriptor(py)?;
    let slots = PyDict::new(py);
    for name in imports::slot_names(py)?.call1((&class,))?.try_iter()? {
        let name = name?.cast_into::<PyString>()?;
        // It may be called like a field, whose own slot is hidden then.
        let is_other = || {
            let own = ffi::own_attribute(owner, &name);
            ffi::lookup(&class, &name).is_some_and(|found| {
                found.get_type().is(descriptor) && !own.is_some_and(|own| own.is(&found))
            })
        };
        if (layout.slot_of(&name).is_none() || is_other())
            && let Some(value) = object.getattr_opt(&name)?
        {
            slots.set_item(name, value)?;
        }
    }
    Ok((!slots.is_empty()).then_some(slots))
}

/// What `__dict__` gives.
pub fn dict_view<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    imports::fields_dict(object.py())?.call1((object,))
}

/// Assignment to `__dict__`; none deletes.
pub fn replace_dict(object: &Bound<'_, PyAny>, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let new = match value {
        None => None,
        Some(value) => match value.cast::<PyDict>() {
            // A copy, for it may be a view of this very object.
            Ok(dict) => Some(dict.call_method0("copy")?.cast_into::<PyDict>()?),
            Err(_) => {
                return Err(PyTypeError::new_err(format!(
                    "__dict__ must be set to a dictionary, not a '{}'",
                    value.get_type().name()?
                )));
            }
        },
    };
    if let Some(layout) = Layout::of(&object.get_type())
        && let Some(slots) = layout.get().slots().view(object)
    {
        for slot in layout.get().slots().slots() {
            slots.set(*slot, None);
        }
    }
    if let Some(extras) = ffi::extras(object) {
        extras.clear();
    }
    for (name, value) in new.iter().flat_map(ffi::DictEntries::new) {
        set_raw(object, &name, value)?;
    }
    Ok(())
}

/// Sets an attribute as an assignment into an ordinary `__dict__` would:
/// past properties and `__setattr__`.
#[pyfunction]
#[pyo3(name = "set_raw")]
pub fn set_raw(
    object: &Bound<'_, PyAny>,
    name: &Bound<'_, PyAny>,
    value: Bound<'_, PyAny>,
) -> PyResult<()> {
    if let Some(layout) = Layout::of(&object.get_type()) {
        let layout = layout.get();
        if let (Some(slot), Some(slots)) = (layout.slot_of(name), layout.slots().view(object)) {
            slots.set(slot, Some(value));
            return Ok(());
        }
    }
    ffi::extras_or_new(object)?.set_item(name, value)
}

/// Sets an attribute of an object that is being filled, which may be frozen.
pub fn assign<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    value: Bound<'py, PyAny>,
) -> PyResult<()> {
    if ffi::is_frozen(&object.get_type()) {
        return set_raw(object, name.as_any(), value);
    }
    object.setattr(name, value)
}

/// What an object has in its `__dict__` of that name, or else `default`.
#[pyfunction]
pub fn get_raw<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyAny>,
    default: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(layout) = Layout::of(&object.get_type()) {
        let layout = layout.get();
        if let (Some(slot), Some(slots)) = (layout.slot_of(name), layout.slots().view(object))
            && let Some(value) = slots.get(slot)
        {
            return Ok(value);
        }
    }
    let value = match ffi::extras(object) {
        Some(extras) => extras.get_item(name)?,
        None => None,
    };
    Ok(value.unwrap_or(default))
}

/// Deletes an attribute the same way; whether there was one.
#[pyfunction]
#[pyo3(name = "delete_raw")]
pub fn delete_raw(object: &Bound<'_, PyAny>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Some(layout) = Layout::of(&object.get_type()) {
        let layout = layout.get();
        if let (Some(slot), Some(slots)) = (layout.slot_of(name), layout.slots().view(object)) {
            let there = !slots.is_empty(slot);
            slots.set(slot, None);
            return Ok(there);
        }
    }
    match ffi::extras(object) {
        Some(extras) if extras.contains(name)? => {
            extras.del_item(name)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The attributes of a struct as a plain dict.
#[pyfunction]
#[pyo3(name = "snapshot")]
pub fn snapshot_function<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    if !ffi::is_kind_of(object, ffi::storage_type(object.py())?) {
        return Err(PyAttributeError::new_err("not a loaded struct"));
    }
    snapshot(object)
}

/// What stands before the slots of a class where attributes are looked for, by the
/// names of the fields: (name, value) pairs.
#[pyfunction]
pub fn before_slots<'py>(cls: &Bound<'py, PyType>) -> Vec<NameAndValue<'py>> {
    let py = cls.py();
    let Some(layout) = Layout::of(cls) else {
        return Vec::new();
    };
    let layout = layout.get();
    let owner = layout.slots().class().bind(py);
    let slotted = layout.fields().iter().filter(|field| field.slot.is_some());
    let found = slotted.filter_map(|field| {
        let name = field.name.bind(py);
        let (own, found) = (ffi::own_attribute(owner, name)?, ffi::lookup(cls, name)?);
        (!found.is(&own)).then(|| (name.clone(), found))
    });
    found.collect()
}

type NameAndValue<'py> = (Bound<'py, PyString>, Bound<'py, PyAny>);

/// Whether instances of a class keep the attribute `name` in a slot.
#[pyfunction]
pub fn is_slot(cls: &Bound<'_, PyType>, name: &Bound<'_, PyAny>) -> bool {
    Layout::of(cls).is_some_and(|layout| layout.get().slot_of(name).is_some())
}
