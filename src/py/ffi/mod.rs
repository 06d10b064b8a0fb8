//! The only unsafe code of the crate.
//!
//! Every function here is safe to call: where `CPython` has a condition, the
//! function checks it or a type carries its proof (a [`SlotTable`] is made
//! only from member descriptors that were verified).

mod dict;
mod getattr;
mod instance;
mod int;
mod list;
mod output;
mod slots;
mod storage;
mod text;
mod types;

pub use dict::DictEntries;
pub use getattr::install_getattr;
pub use instance::has_native_methods;
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
