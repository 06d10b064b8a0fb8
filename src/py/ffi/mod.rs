//! The only unsafe code of the crate.
//!
//! Every function here is safe to call: where `CPython` has a condition, the
//! function checks it or a type carries its proof (a [`SlotTable`] is made
//! only from member descriptors that were verified).

mod array;
mod buffer;
mod by_position;
mod check;
mod class;
mod collector;
mod copy;
mod descriptor;
mod dict;
mod ending;
mod getattr;
mod guard;
mod instance;
mod int;
mod interpreter;
mod link;
mod list;
mod numbers;
mod output;
mod payload_type;
mod quiet;
mod raised;
mod scalar;
mod sending;
mod slots;
mod stack;
mod storage;
mod text;
mod types;
mod vectorcall;

pub use array::{ArrayItem, new_array};
pub use buffer::{Buffer, piece_of};
pub use by_position::{ByPosition, General, take_by_position};
pub use check::check;
pub use class::{class_by_type, new_plain_class, new_slotted_class};
pub use collector::CollectorPause;
pub use descriptor::duplicate;
pub use dict::{DictEntries, Left, set_item};
pub use ending::stop_at_exit;
pub use getattr::install_getattr;
pub use instance::{
    allocate_as_object, allocates_as_object, attribute_of, bound_method, has_original_methods,
    own_dict, set_attribute_as_object, set_attribute_of,
};
pub use int::exact_i64;
pub use interpreter::{Detached, claim, detached};
pub use link::{Garbage, Link, Linked, cut_links_of};
pub use list::{ExactItems, ListBuilder, write_item};
pub use numbers::{FromNumbers, Loop, NumberBuffer, vectorised};
pub use output::{BytesOutput, Scratch};
pub use payload_type::{Kept, keep, kept, kept_by_class_of, payload_type};
pub use quiet::Quiet;
pub use raised::{Raised, exception_of, raised_from, system_error};
pub use scalar::{
    ExactNumber, HALF_PAIR, NotText, ReadBytes, ReadDouble, ReadI32, ReadI64, ReadScalar, ReadStr,
    ReadStrBytes, ScalarKind, Unread, half_pairs, write_exact_field,
};
pub use sending::{end_unless_arrived, send_at_once, untaken};
pub use slots::{ListedSlots, Slot, SlotList, SlotTable, Slots};
pub use stack::{affordable_levels, stack_is_short};
pub use storage::{
    Behaviour, extras, extras_or_new, has_original_construction, inherit_native, install_call,
    make_storage_type, storage_type,
};
pub use text::{NoStr, exact_ascii, exact_utf8, not_utf8, replaced};
pub use types::{
    exactly, has_original_attributes, install_frozen, is_frozen, is_kind_of, is_type, lookup,
    may_be_shared, own_attribute, recursion_limit, set_own_attribute, sets_attributes_as_object,
    version_of,
};
pub use vectorcall::inherit_vectorcall;
