//! What the unsafe code counts on of the rest of the crate, checked in its
//! source.
//!
//! `ffi` hands scalars of objects that have no reference of their own to a
//! `Writer`, and makes objects of what a `Reader` gives: both are sound because
//! none of these runs code of Python.

#[path = "rooms/house.rs"]
#[allow(dead_code, reason = "the rules between rooms need the rest of it")]
mod house;

use std::collections::{BTreeMap, BTreeSet};

use house::files;
use proc_macro2::{TokenStream, TokenTree};

/// Where a trait of the wire is implemented: what is not listed is not allowed.
const IMPLEMENTED: &[(&str, &[&str])] = &[
    ("Writer", &["src/wire/"]),
    ("Reader", &["src/wire/"]),
    ("Output", &["src/wire/", "src/py/ffi/output.rs"]),
    // An input of another room cannot say that it lies in memory.
    (
        "Input",
        &[
            "src/wire/",
            "src/stream/",
            "src/py/transport/input.rs",
            "src/py/generated.rs",
        ],
    ),
];

/// The traits that tokens implement: the last name before each `for` of an
/// `impl`, generics left out.
fn implemented(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut last = None;
    let mut of_impl = false;
    let mut generics = 0_i32;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "impl" => {
                of_impl = true;
                last = None;
                generics = 0;
            }
            TokenTree::Ident(word) if word == "for" => {
                found.extend(last.take().filter(|_| of_impl));
                of_impl = false;
            }
            TokenTree::Ident(word) if generics == 0 => last = Some(word.to_string()),
            TokenTree::Punct(mark) if mark.as_char() == '<' => generics += 1,
            TokenTree::Punct(mark) if mark.as_char() == '>' => generics -= 1,
            TokenTree::Group(group) => {
                of_impl = false;
                implemented(group.stream(), found);
            }
            _ => {}
        }
    }
}

#[test]
fn what_handles_objects_without_references_knows_nothing_of_python() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files("src", "rs") {
        let mut found = Vec::new();
        implemented(text.parse().expect("Rust"), &mut found);
        for name in found {
            places.entry(name).or_default().insert(path.clone());
        }
    }
    for (name, allowed) in IMPLEMENTED {
        let found = &places[*name];
        let wrong: Vec<_> = found
            .iter()
            .filter(|path| !allowed.iter().any(|room| path.starts_with(room)))
            .collect();
        assert!(wrong.is_empty(), "{name} is implemented in {wrong:?}");
        for room in *allowed {
            let used = found.iter().any(|path| path.starts_with(room));
            assert!(used, "{name} is no longer implemented in {room}");
        }
    }
}

#[test]
fn every_implementation_is_seen() {
    for (text, expected) in [
        ("impl Writer for A {}", &["Writer"][..]),
        ("impl<W: Output> wire::Writer for A<W> {}", &["Writer"]),
        (
            "mod m { impl<'a, T> Input for &'a mut T where T: Input {} }",
            &["Input"],
        ),
        ("impl<T> From<Raised<'_>> for T {}", &["From"]),
        ("impl A { fn f() { for x in y {} } }", &[]),
        ("fn f(x: impl for<'a> Fn(&'a u8)) {}", &[]),
    ] {
        let mut found = Vec::new();
        implemented(text.parse().expect("Rust"), &mut found);
        assert_eq!(found, expected, "{text}");
    }
}
