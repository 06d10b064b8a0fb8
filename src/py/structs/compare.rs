//! `==` and `hash` of loaded structs.

use std::cell::Cell;

use pyo3::exceptions::PyRecursionError;
use pyo3::intern;
use pyo3::prelude::*;

use super::attributes::snapshot;
use super::layout::Layout;
use crate::py::{ffi, imports};

thread_local! {
    /// How deep `equal` is nested.
    static NESTING: Cell<i32> = const { Cell::new(0) };
}

/// A level of nested comparison.
struct Comparing;

impl Comparing {
    /// Enters a level, as many as the interpreter allows Python calls: its own
    /// limit for native ones allows more than these need of the stack.
    fn enter(py: Python<'_>) -> PyResult<Self> {
        ffi::stop_at_exit();
        if NESTING.get() >= ffi::recursion_limit(py) {
            return Err(PyRecursionError::new_err(
                "maximum recursion depth exceeded in comparison",
            ));
        }
        NESTING.set(NESTING.get() + 1);
        Ok(Self)
    }
}

impl Drop for Comparing {
    fn drop(&mut self) {
        NESTING.set(NESTING.get() - 1);
    }
}

/// `==`: the other is of this class or a subclass and has equal attributes.
pub fn equal(object: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
    let class = object.get_type();
    if !ffi::is_kind_of(other, &class) {
        // A proxy says that it is, and forwards to what it stands for.
        return Ok(other.is_instance(&class)?
            && snapshot(object)?.eq(other.getattr(intern!(object.py(), "__dict__"))?)?);
    }
    let _level = Comparing::enter(object.py())?;
    if let Some(layout) = Layout::of(&class)
        && !has_extras(object)
        && !has_extras(other)
        && let Some(left) = layout.get().slots().view_exact(object)
        && let Some(right) = layout.get().slots().view_exact(other)
    {
        for slot in layout.get().slots().slots() {
            let same = match (left.get(*slot), right.get(*slot)) {
                (None, None) => true,
                (Some(left), Some(right)) => left.is(&right) || left.eq(&right)?,
                _ => false,
            };
            if !same {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    snapshot(object)?.eq(snapshot(other)?)
}

fn has_extras(object: &Bound<'_, PyAny>) -> bool {
    ffi::extras(object).is_some_and(|extras| !extras.is_empty())
}

/// `hash`: by class and attributes, containers frozen.
pub fn hash(object: &Bound<'_, PyAny>) -> PyResult<isize> {
    let class = object.get_type().hash()?;
    let fields = imports::hash_value(object.py())?.call1((snapshot(object)?,))?;
    let hash = class ^ fields.hash()?;
    Ok(if hash == -1 { -2 } else { hash })
}
