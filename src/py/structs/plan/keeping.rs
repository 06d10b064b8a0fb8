//! Classes whose objects keep fields that their IDL does not know.

use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};

use super::Layout;
use super::plan_slots::PlanSlots;
use crate::py::ffi;

/// What a plan has for such a class.
pub struct Keeping {
    layout: Option<Py<Layout>>,
    /// Whether objects are allocated, then filled.
    original_construction: bool,
}

impl Keeping {
    /// Of what a plan would have for other classes.
    pub fn of_plan(own: PlanSlots<'_>) -> Self {
        Self {
            layout: own.layout.map(Bound::unbind),
            original_construction: own.original_construction,
        }
    }

    /// The layout of a class whose objects can be allocated and filled; others
    /// are made by calling the class.
    pub fn original_layout(&self) -> Option<&Layout> {
        let layout = self.layout.as_ref().map(Py::get);
        layout.filter(|_| self.original_construction)
    }

    /// The slots of an object, if it has them.
    pub fn slots<'a, 'py>(&'a self, object: &'a Bound<'py, PyAny>) -> Option<ffi::Slots<'a, 'py>> {
        self.layout.as_ref()?.get().slots().view(object)
    }

    /// Reports the references held, for the garbage collector.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.layout)
    }
}
