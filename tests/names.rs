//! The names of this crate, checked in its source.

#[path = "rooms/house.rs"]
#[allow(dead_code, reason = "the rules between rooms need the rest of it")]
mod house;

use std::collections::BTreeMap;

use house::files;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A construct of the IDL has one name, as it is written and as it is linked:
/// they are told apart by their rooms, as `syntax::Struct` and `Struct`.
const WRITTEN_AND_LINKED: [&str; 2] = ["src/idl/syntax.rs", "src/schema/model.rs"];

/// What Rust itself calls by one name in every module that has one.
const ALIASES: &[&str] = &["Result"];

/// The types and traits that tokens define, whoever may see them. What stands
/// in a function or a trait is known there only.
fn definitions(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word)
                if ["struct", "enum", "union", "trait", "type"]
                    .iter()
                    .any(|keyword| word == keyword) =>
            {
                if let Some(TokenTree::Ident(name)) = tokens.get(index + 1) {
                    found.push(name.to_string());
                }
            }
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Brace && is_module(&tokens[..index]) =>
            {
                definitions(group.stream(), found);
            }
            _ => {}
        }
    }
}

/// Whether the tokens before a brace make it that of a module.
fn is_module(before: &[TokenTree]) -> bool {
    let [.., TokenTree::Ident(keyword), TokenTree::Ident(_)] = before else {
        return false;
    };
    keyword == "mod"
}

/// The names that more than one file defines, with those files.
fn shared(files: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in files {
        let mut found = Vec::new();
        definitions(text.parse().expect("Rust"), &mut found);
        for name in found {
            places.entry(name).or_default().push(path.clone());
        }
    }
    places.retain(|name, paths| {
        paths.len() > 1 && *paths != WRITTEN_AND_LINKED && !ALIASES.contains(&name.as_str())
    });
    places
}

#[test]
fn no_two_types_share_a_name() {
    let shared = shared(&files("src", "rs"));
    assert!(shared.is_empty(), "{shared:#?}");
}

#[test]
fn types_that_share_a_name_are_seen() {
    let made = |texts: &[(&str, &str)]| -> Vec<String> {
        let files = texts
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        shared(&files.collect::<Vec<_>>()).into_keys().collect()
    };
    for text in [
        "struct Kind;",
        "pub(crate) enum Kind { One }",
        "#[derive(Clone)] pub struct Kind<'a>(&'a str);",
        "mod inner { pub trait Kind {} }",
        "type Kind = u8;",
    ] {
        let files = [("src/a.rs", text), ("src/b.rs", "pub struct Kind;")];
        assert_eq!(made(&files), ["Kind"], "{text}");
    }
    for text in [
        "// struct Kind;",
        "fn f() { struct Kind; }",
        "impl Iterator for Other { type Kind = u8; }",
        "use crate::b::Kind; fn kind(kind: Kind) {}",
    ] {
        let files = [("src/a.rs", text), ("src/b.rs", "pub struct Kind;")];
        assert!(made(&files).is_empty(), "{text}");
    }
    let [written, linked] = WRITTEN_AND_LINKED;
    let files = [(written, "struct Struct;"), (linked, "struct Struct;")];
    assert!(made(&files).is_empty());
    let third = [files[0], files[1], ("src/c.rs", "struct Struct;")];
    assert_eq!(made(&third), ["Struct"]);
}

/// How a doc comment begins that says nothing without the item above it.
const LEANING: &[(&str, &str, &[&str])] = &[
    (
        "src",
        "rs",
        &["/// The same ", "/// The same,", "/// As `", "//! As `"],
    ),
    ("python", "py", &["\"\"\"The same ", "\"\"\"As `"]),
    ("python", "pyi", &["\"\"\"The same ", "\"\"\"As `"]),
];

#[test]
fn doc_comments_stand_alone() {
    let mut leaning = Vec::new();
    for (directory, extension, beginnings) in LEANING {
        for (path, text) in files(directory, extension) {
            let mut inside = false;
            for (number, line) in text.lines().enumerate() {
                let line = line.trim_start();
                // The first line of a Rust comment, and every docstring.
                let first = !inside || *extension != "rs";
                if first && beginnings.iter().any(|start| line.starts_with(start)) {
                    leaning.push(format!("{path}:{}: {line}", number + 1));
                }
                inside = line.starts_with("///") || line.starts_with("//!");
            }
        }
    }
    assert!(leaning.is_empty(), "{leaning:#?}");
}

/// What the encoder and the decoder both do, each by the other's name.
const MIRRORED: &[&str] = &[
    "struct_of_object",
    "struct_by_attributes",
    "struct_by_fields",
    "struct_value",
    "fields",
    "value",
    "bool",
    "i8",
    "i16",
    "i32",
    "i64",
    "double",
    "string",
    "binary",
    "uuid",
    "list",
    "scalars",
    "elements",
    "map",
    "field_error",
];

#[test]
fn the_encoder_and_the_decoder_mirror_each_other() {
    let functions = |file: &str| -> Vec<String> {
        let sources = files("src/py/codec", "rs");
        let (_, text) = sources
            .iter()
            .find(|(path, _)| path.ends_with(file))
            .expect("a file of the codec");
        let names = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once("fn ")?;
            let end = rest.find(['(', '<'])?;
            Some(rest[..end].to_owned())
        });
        names.collect()
    };
    let (encoder, decoder) = (functions("encode.rs"), functions("decode.rs"));
    let structs = |names: &[String]| -> Vec<String> {
        let of_structs = names.iter().filter(|name| name.contains("struct"));
        of_structs.cloned().collect()
    };
    for name in MIRRORED {
        for (side, names) in [("encoder", &encoder), ("decoder", &decoder)] {
            assert!(
                names.iter().any(|known| known == name),
                "no {name} in the {side}"
            );
        }
    }
    // Any object is written; a new one is read, and one is filled that may have no slot for a field.
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        structs(one)
            .into_iter()
            .filter(|name| !other.contains(name))
            .collect()
    };
    assert_eq!(only(&encoder, &decoder), ["struct_of_any"]);
    let of_decoder = ["struct_by_slots", "new_struct", "struct_in_slots"];
    assert_eq!(only(&decoder, &encoder), of_decoder);
}
