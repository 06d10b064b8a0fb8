//! Objects of other classes in place of a struct of a file that was loaded with
//! `strict=True`: those of another load of the file, of thriftpy2, of a class that was
//! written by hand.

use std::collections::{HashMap, HashSet};

use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::py::error::Result;
use crate::py::structs::{Kind, Plan, Within};

/// What was found out of pairs of classes.
#[derive(Default)]
pub struct StandIns<'py> {
    /// By the addresses of the plan of an object and of the one that is needed.
    found: HashMap<(usize, usize), bool>,
    /// These plans, so that no other ones get their addresses.
    plans: Vec<[Bound<'py, Plan>; 2]>,
}

impl<'py> StandIns<'py> {
    /// Whether an object, of which this is the plan, may be written where one of the
    /// class of the other plan is needed.
    pub fn may_be(
        &mut self,
        object: &Bound<'py, PyAny>,
        own: &Bound<'py, Plan>,
        wanted: &Bound<'py, Plan>,
    ) -> Result<bool> {
        if object.is_instance(wanted.get().class().bind(wanted.py()))? {
            return Ok(true);
        }
        let key = (own.as_ptr().addr(), wanted.as_ptr().addr());
        if let Some(&fits) = self.found.get(&key) {
            return Ok(fits);
        }
        // Two loaded structs are not meant for each other where they are only alike.
        let is_meant = !own.get().is_strict() || has_name_of(own, wanted)?;
        let fits = is_meant && all_fit(own, wanted)?;
        self.found.insert(key, fits);
        self.plans.push([own.clone(), wanted.clone()]);
        Ok(fits)
    }
}

/// Whether a class, or one that it is derived from, has the name of another one.
fn has_name_of(own: &Bound<'_, Plan>, wanted: &Bound<'_, Plan>) -> PyResult<bool> {
    let py = own.py();
    let name = wanted.get().class().bind(py).name()?;
    for class in own.get().class().bind(py).mro() {
        if class.cast_into::<PyType>()?.name()?.as_any().eq(&name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether all that is written by a plan is what readers of another one expect, in the
/// structs within, too.
fn all_fit<'py>(own: &Bound<'py, Plan>, wanted: &Bound<'py, Plan>) -> Result<bool> {
    // No recursion, for a chain of structs may be longer than the stack; and a struct may
    // hold itself.
    let mut pending = vec![(own.clone(), wanted.clone())];
    let mut seen = HashSet::new();
    while let Some((own, wanted)) = pending.pop() {
        if own.is(&wanted) || !seen.insert((own.as_ptr().addr(), wanted.as_ptr().addr())) {
            continue;
        }
        for field in own.get().fields() {
            let Some((other, _)) = wanted.get().find(field.id) else {
                return Ok(false);
            };
            if !is_alike(own.py(), &field.kind, &other.kind, &mut pending)? {
                return Ok(false);
            }
        }
        let mut required = wanted.get().fields().iter().filter(|field| field.required);
        if !required.all(|field| own.get().find(field.id).is_some()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two types are the same on the wire, but for the structs in them, which are
/// left for later.
fn is_alike<'py>(
    py: Python<'py>,
    own: &Kind,
    wanted: &Kind,
    pending: &mut Vec<(Bound<'py, Plan>, Bound<'py, Plan>)>,
) -> Result<bool> {
    if own.wire_type() != wanted.wire_type() {
        return Ok(false);
    }
    match (own.within(), wanted.within()) {
        (Within::Struct(own), Within::Struct(wanted)) => {
            pending.extend(own.plan(py)?.zip(wanted.plan(py)?));
            Ok(true)
        }
        (Within::Elements(own), Within::Elements(wanted)) => is_alike(py, own, wanted, pending),
        (Within::Entries(key, value), Within::Entries(wanted_key, wanted_value)) => {
            Ok(is_alike(py, key, wanted_key, pending)?
                && is_alike(py, value, wanted_value, pending)?)
        }
        _ => Ok(true),
    }
}
