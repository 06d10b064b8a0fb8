//! Where the objects of a class keep the fields of a plan.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use super::Layout;
use crate::py::ffi::{self, Slot, SlotList};

/// The slot that stands for an attribute: only where the class itself has the
/// descriptor or inherits it as it is.
pub fn slot_of<'py>(
    class: &Bound<'py, PyType>,
    layout: &Layout,
    name: &Bound<'py, PyString>,
) -> Option<Slot> {
    let slot = layout.slot_of(name.as_any())?;
    let owner = layout.slots().class().bind(class.py());
    let own = ffi::own_attribute(owner, name)?;
    let seen = ffi::lookup(class, name)?;
    (seen.is(&own) && layout.slots().is_current(owner, name, slot)).then_some(slot)
}

/// What the objects of a class have slots by; nothing where it is an ordinary one.
#[derive(Default)]
pub struct PlanSlots<'py> {
    pub layout: Option<Bound<'py, Layout>>,
    /// The slots of all fields, if each has one.
    pub slots: Option<SlotList>,
    /// Whether the layout is the class's own.
    pub is_own: bool,
    /// Whether objects are allocated, then filled.
    pub original_construction: bool,
}

impl<'py> PlanSlots<'py> {
    /// That of a class, with the slots of the fields; none where a field has none.
    pub fn of(
        class: &Bound<'py, PyType>,
        layout: Option<Bound<'py, Layout>>,
        slots: Option<Box<[Slot]>>,
    ) -> Self {
        let Some(layout) = layout else {
            return Self::default();
        };
        let own = layout.get();
        let is_own = own.slots().class().bind(class.py()).is(class);
        let original_construction = is_own
            && own.is_complete()
            && own.has_original_attributes()
            && slots.is_some()
            && ffi::has_original_construction(class);
        Self {
            slots: slots.and_then(|slots| own.slots().list(slots)),
            is_own,
            original_construction,
            layout: Some(layout),
        }
    }

    /// Leaves the fields of these names in the layout.
    pub fn narrow<'a>(
        &mut self,
        py: Python<'py>,
        names: impl Iterator<Item = &'a Bound<'py, PyAny>>,
    ) -> PyResult<()>
    where
        'py: 'a,
    {
        if let Some(layout) = &mut self.layout {
            *layout = layout.get().narrow(py, names)?;
        }
        Ok(())
    }

    pub fn is_union(&self) -> bool {
        let layout = self.layout.as_ref();
        layout.is_some_and(|layout| layout.get().is_union())
    }
}
