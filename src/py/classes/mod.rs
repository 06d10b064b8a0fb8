//! From a linked schema to Python modules and classes.

mod structs;

pub use structs::new_struct_class;
