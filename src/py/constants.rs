//! Constants of Thrift as Python sees them: `TType` and what the types are called,
//! `TMessageType`, and the limits that apply where nothing else is asked for.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use super::structs::ttype;
use crate::wire::{Limits, WireType, message_type};

/// Adds them to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();

    let names = PyDict::new(py);
    for &(name, number) in ttype::NAMES {
        if !names.contains(number)? {
            names.set_item(number, name)?;
        }
    }
    let members = members(py, ttype::NAMES)?;
    members.set_item(intern!(py, "_VALUES_TO_NAMES"), names)?;
    let doc =
        "Thrift's type ids, as they travel in binary messages and stand in a ``thrift_spec``.";
    add_class(module, "TType", doc, &members)?;

    let types = PyDict::new(py);
    for wire_type in WireType::ALL {
        types.set_item(*wire_type as u8, ttype::names_of(*wire_type))?;
    }
    types.set_item(ttype::BINARY, ttype::BINARY_NAMES)?;
    module.add("TYPES", types)?;

    let members = self::members(py, &message_type::NAMES)?;
    let doc = "The kind of a message, told in its header.";
    add_class(module, "TMessageType", doc, &members)?;

    module.add("DEFAULT_MAX_DEPTH", Limits::DEFAULT_DEPTH)?;
    module.add("DEFAULT_MAX_SIZE", Limits::DEFAULT_SIZE)
}

fn members<'py>(py: Python<'py>, numbers: &[(&str, u8)]) -> PyResult<Bound<'py, PyDict>> {
    let members = PyDict::new(py);
    for (name, number) in numbers {
        members.set_item(name, number)?;
    }
    Ok(members)
}

/// Adds an ordinary Python class.
fn add_class(
    module: &Bound<'_, PyModule>,
    name: &str,
    doc: &str,
    members: &Bound<'_, PyDict>,
) -> PyResult<()> {
    let py = module.py();
    members.set_item(intern!(py, "__doc__"), doc)?;
    members.set_item(intern!(py, "__module__"), "fastthrift.thrift")?;
    let class = py.get_type::<PyType>().call1((name, (), members))?;
    module.add(name, class)
}
