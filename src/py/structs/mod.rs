//! Struct classes and their objects: how fields are kept, construction,
//! attributes, comparison, and the plans that the codec interprets.

mod attributes;
mod compare;
mod construct;
mod generated;
mod layout;
mod object;
mod plan;
pub mod ttype;

use pyo3::prelude::*;

use crate::py::ffi;

pub use attributes::{
    assign, before_slots, delete_raw, get_raw, is_slot, set_raw, snapshot_function,
};
pub use construct::{Initializer, initialize};
pub use generated::{
    Construction, GeneratedClass, GeneratedField, GeneratedInitializer, GeneratedKind,
    GeneratedPlan, Mutable,
};
pub use layout::{DefaultValue, Layout, layout_fields};
pub use object::{LoadedStruct, inherit_native, install_call, install_frozen, install_functions};
pub use plan::{
    Converted, EnumClass, Keeping, Kind, Numbers, Plan, PlanField, Selection, StructClass, Within,
    select,
};

/// Lets the collector free the plans of classes that refer to each other, or to
/// themselves.
pub fn cut_circles(py: Python<'_>) {
    ffi::cut_links_of::<Plan>(py);
    ffi::cut_links_of::<GeneratedPlan>(py);
}
