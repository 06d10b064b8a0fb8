//! Struct classes and their objects: how fields are kept, construction,
//! attributes, comparison, and the plans that the codec interprets.

mod attributes;
mod compare;
mod construct;
mod layout;
mod plan;
pub mod ttype;

pub use attributes::{
    delete_raw, dict_view, is_slot, replace_dict, set_raw, snapshot, snapshot_function,
};
pub use compare::{equal, hash};
pub use construct::{Initializer, inherit_native, initialize, initialize_empty, initialize_with};
pub use layout::{DefaultValue, Layout, layout_fields};
pub use plan::{Kind, Plan, PlanField, StructClass};
