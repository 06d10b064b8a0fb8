//! The IDL front end as its users see it: trees, models and diagnostics of
//! files, and that no text whatever makes it panic.

#[path = "idl/dump.rs"]
mod dump;
#[path = "idl/fixtures.rs"]
mod fixtures;
#[path = "idl/invariants.rs"]
mod invariants;
#[path = "idl/limits.rs"]
mod limits;
#[path = "idl/loading.rs"]
mod loading;
#[path = "idl/model.rs"]
mod model;
#[path = "idl/robustness.rs"]
mod robustness;
