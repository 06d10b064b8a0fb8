//! The only unsafe code of the crate.
//!
//! Every function here is safe to call: where `CPython` has a condition, the
//! function checks it or a type carries its proof (a [`SlotTable`] is made
//! only from member descriptors that were verified).

mod class;
mod collector;
mod dict;
mod int;
mod list;
mod output;
mod slots;
mod storage;
mod text;
mod types;

pub use class::{new_plain_class, new_slotted_class};
pub use collector::CollectorPause;
pub use dict::DictEntries;
pub use int::exact_i64;
pub use list::{ListBuilder, copy_floats, copy_ints};
pub use output::BytesOutput;
pub use slots::{SlotTable, Slots};
pub use storage::{extras, extras_or_new, install_call, storage_type};
pub use text::new_str;
pub use types::{
    has_default_attributes, has_default_construction, is_kind_of, is_type, lookup, own_attribute,
    recursion_limit, set_own_attribute,
};
