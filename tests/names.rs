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

/// What a brace is the body of.
#[derive(Clone, Copy, PartialEq)]
enum Body {
    /// An `impl`, whose types are those that its trait demands.
    Impl,
    /// Anything else in which types may be defined.
    Other,
}

/// The types and traits that tokens define, whoever may see them: those of
/// modules, of functions, and the types that a trait has.
fn definitions(tokens: TokenStream, body: Body, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut start = 0;
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if is_definition(&word.to_string(), body) => {
                if let Some(TokenTree::Ident(name)) = tokens.get(index + 1) {
                    found.push(name.to_string());
                }
            }
            TokenTree::Group(group) if group.delimiter() != Delimiter::Bracket => {
                definitions(group.stream(), body_after(&tokens[start..index]), found);
                if group.delimiter() == Delimiter::Brace {
                    start = index + 1;
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => start = index + 1,
            _ => {}
        }
    }
}

fn is_definition(word: &str, body: Body) -> bool {
    match word {
        "struct" | "enum" | "union" | "trait" => true,
        "type" => body != Body::Impl,
        _ => false,
    }
}

/// The body that a brace is which comes after these tokens of an item.
fn body_after(item: &[TokenTree]) -> Body {
    let keyword = item.iter().find_map(|token| match token {
        TokenTree::Ident(word) => {
            let word = word.to_string();
            ["impl", "fn", "trait", "mod", "struct", "enum", "match"]
                .contains(&word.as_str())
                .then_some(word)
        }
        _ => None,
    });
    if keyword.as_deref() == Some("impl") {
        Body::Impl
    } else {
        Body::Other
    }
}

/// The names that more than one file defines, with those files.
fn shared(files: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in files {
        let mut found = Vec::new();
        definitions(text.parse().expect("Rust"), Body::Other, &mut found);
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
        "fn f() { struct Kind; }",
        "impl Other { fn f(&self) { enum Kind {} } }",
        "pub trait Other { type Kind: Clone; }",
    ] {
        let files = [("src/a.rs", text), ("src/b.rs", "pub struct Kind;")];
        assert_eq!(made(&files), ["Kind"], "{text}");
    }
    for text in [
        "// struct Kind;",
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
const LEANING: &[&str] = &[
    "The same ",
    "The same,",
    "As `",
    "Like `",
    "Those of ",
    "Another ",
];

#[test]
fn doc_comments_stand_alone() {
    let mut leaning = Vec::new();
    for (directory, extension) in [("src", "rs"), ("python", "py"), ("python", "pyi")] {
        let marks: &[&str] = match extension {
            "rs" => &["/// ", "//! "],
            _ => &["\"\"\""],
        };
        for (path, text) in files(directory, extension) {
            let mut inside = false;
            for (number, line) in text.lines().enumerate() {
                let line = line.trim_start();
                // The first line of a Rust comment, and every docstring.
                let first = !inside || extension != "rs";
                let said = marks.iter().find_map(|mark| line.strip_prefix(mark));
                let leans = said.is_some_and(|said| {
                    LEANING.iter().any(|beginning| said.starts_with(beginning))
                });
                if first && leans {
                    leaning.push(format!("{path}:{}: {line}", number + 1));
                }
                inside = line.starts_with("///") || line.starts_with("//!");
            }
        }
    }
    assert!(leaning.is_empty(), "{leaning:#?}");
}

/// What the encoder and the decoder both do, each by the other's name: files
/// below `src/py/codec`, and functions in both.
const MIRRORED: &[(&str, &str, &[&str])] = &[
    (
        "encode.rs",
        "decode.rs",
        &[
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
        ],
    ),
    (
        "encode/generated.rs",
        "decode/generated.rs",
        &[
            "generated_object",
            "generated_value",
            "generated_list",
            "generated_map",
        ],
    ),
    (
        "encode/arrays.rs",
        "decode/arrays.rs",
        &["array", "array_of"],
    ),
    (
        "encode/keeping.rs",
        "decode/keeping.rs",
        &["keeping_struct", "known"],
    ),
    (
        "tree/dump.rs",
        "tree/build.rs",
        &[
            "struct_of_object",
            "struct_value",
            "value",
            "list",
            "set",
            "base64",
            "check_size",
        ],
    ),
];

/// The functions of a file below `src/py/codec`.
fn functions(file: &str) -> Vec<String> {
    let path = format!("src/py/codec/{file}");
    let sources = files("src/py/codec", "rs");
    let (_, text) = sources
        .iter()
        .find(|(found, _)| *found == path)
        .expect("a file of the codec");
    let names = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("fn ")?;
        let end = rest.find(['(', '<'])?;
        Some(rest[..end].to_owned())
    });
    names.collect()
}

#[test]
fn the_encoder_and_the_decoder_mirror_each_other() {
    for (encoding, decoding, names) in MIRRORED {
        for file in [encoding, decoding] {
            let functions = functions(file);
            for name in *names {
                assert!(
                    functions.iter().any(|known| known == name),
                    "no {name} in {file}"
                );
            }
        }
    }
    // Any object is written; a new one is read, and one is filled that may have no slot for a field.
    let structs = |file| -> Vec<String> {
        let mut names = functions(file);
        names.retain(|name| name.contains("struct"));
        names
    };
    let (encoder, decoder) = (structs("encode.rs"), structs("decode.rs"));
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        let not_in_other = one.iter().filter(|name| !other.contains(name));
        not_in_other.cloned().collect()
    };
    assert_eq!(only(&encoder, &decoder), ["struct_of_any"]);
    let of_decoder = ["struct_by_slots", "new_struct", "struct_in_slots"];
    assert_eq!(only(&decoder, &encoder), of_decoder);
}
