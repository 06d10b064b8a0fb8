//! The places where the types of the wire are named, and what Python has for them.
//! Each match over them names all, so that the compiler finds where a new one is
//! missing; and the files that one of them is in are those of the recipe for a new one.

#[path = "rooms/house.rs"]
#[allow(dead_code, reason = "the rules between rooms need the rest of it")]
mod house;

use std::collections::BTreeSet;

use house::files;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The enums that a new wire type is added to, and where they are called `Self`. The
/// types of a schema are not among them: what asks for the parts of one is right
/// about any that has none.
const ENUMS: &[(&str, &str)] = &[
    ("WireType", "src/wire/wire_type.rs"),
    ("NumberType", "src/wire/number.rs"),
    ("Kind", "src/py/structs/plan/kind.rs"),
];

/// The matches in tokens: the patterns of their arms.
fn matches(tokens: TokenStream, found: &mut Vec<Vec<Vec<TokenTree>>>) {
    let mut keyword = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "match" => keyword = true,
            TokenTree::Group(group) => {
                if keyword && group.delimiter() == Delimiter::Brace {
                    found.push(patterns(group.stream()));
                    keyword = false;
                }
                matches(group.stream(), found);
            }
            _ => {}
        }
    }
}

/// The patterns of the arms in the body of a match, guards included.
fn patterns(body: TokenStream) -> Vec<Vec<TokenTree>> {
    let (mut patterns, mut pattern) = (Vec::new(), Vec::new());
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_arrow = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '=')
            && matches!(tokens.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == '>');
        if !is_arrow {
            pattern.push(token);
            continue;
        }
        tokens.next();
        patterns.push(std::mem::take(&mut pattern));
        // The arm ends with its block, or with the comma behind its expression.
        if let Some(TokenTree::Group(group)) = tokens.peek()
            && group.delimiter() == Delimiter::Brace
        {
            tokens.next();
            if matches!(tokens.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == ',') {
                tokens.next();
            }
            continue;
        }
        for token in tokens.by_ref() {
            if matches!(&token, TokenTree::Punct(mark) if mark.as_char() == ',') {
                break;
            }
        }
    }
    patterns
}

/// Whether a pattern begins with a variant of one of the enums.
fn names_a_variant(pattern: &[TokenTree], path: &str) -> bool {
    let Some(TokenTree::Ident(first)) = pattern.first() else {
        return false;
    };
    let is_path = matches!(pattern.get(1), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    is_path
        && ENUMS
            .iter()
            .any(|(name, own)| first == name || (first == "Self" && path == *own))
}

/// The matches of a file that name some of the variants, and take any other
/// without looking at it. One that gives the rest a name hands it on.
fn with_a_rest(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    matches(text.parse().expect("Rust"), &mut found);
    let mut wrong = Vec::new();
    for arms in found {
        if !arms.iter().any(|arm| names_a_variant(arm, path)) {
            continue;
        }
        for arm in &arms {
            if let [TokenTree::Ident(name), ..] = arm.as_slice()
                && name == "_"
            {
                wrong.push(format!("{path}:{}", name.span().start().line));
            }
        }
    }
    wrong
}

#[test]
fn no_match_over_wire_types_has_an_arm_for_all_others() {
    let wrong: Vec<String> = files("src", "rs")
        .iter()
        .flat_map(|(path, text)| with_a_rest(path, text))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn arms_for_all_others_are_seen() {
    for text in [
        "fn f() { match kind { Kind::Bool => 1, _ => 2 } }",
        "fn f() { match kind { Kind::Bool => { 1 } Kind::I8 => { 2 }, _ => 3 } }",
        "fn f() { match *kind { WireType::Bool | WireType::I8 if x => a(1, 2), _ if y => 1, x => 2 } }",
        "fn f() { a(|| match &x { Kind::Map(entry) => match y { 1 => 2, z => 3 }, _ => 2 }) }",
    ] {
        assert_eq!(with_a_rest("src/a.rs", text).len(), 1, "{text}");
    }
    let text = "impl Kind { fn f(self) { match self { Self::Bool => 1, _ => 2 } } }";
    assert_eq!(with_a_rest("src/py/structs/plan/kind.rs", text).len(), 1);
    for text in [
        text,
        "fn f() { match number { 1 => Kind::Bool, _ => Kind::I8 } }",
        "fn f() { match kind { Kind::Bool => 1, other => g(other) } }",
        "fn f() { match kind { Kind::Bool => match x { 1 => 2, _ => 3 }, Kind::I8 => 4 } }",
        "fn f() { matches!(kind, Kind::Bool) }",
    ] {
        assert_eq!(with_a_rest("src/a.rs", text), [""; 0], "{text}");
    }
}

/// Whether tokens have a name in them that is of the type `uuid`.
fn names_uuid(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => names_uuid(group.stream()),
        TokenTree::Ident(name) => name.to_string().to_ascii_lowercase().contains("uuid"),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The files between backticks in the steps of the recipe for a wire type.
fn files_of_the_recipe(page: &str) -> BTreeSet<&str> {
    let (_, recipe) = page.split_once("\n## A wire type\n").expect("the recipe");
    let steps = recipe.split("\n\n").find(|part| part.starts_with("1. "));
    let quoted = steps.expect("its steps").split('`').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with("src/")).collect()
}

/// `uuid` came to Thrift last, and nothing is said of it that means other types too.
#[test]
fn the_recipe_for_a_wire_type_has_all_files_that_one_is_in() {
    let page = include_str!("../docs/recipes.md");
    let sources = files("src", "rs");
    let named: BTreeSet<&str> = sources
        .iter()
        // What a room's file says of one are the names of its modules.
        .filter(|(path, _)| !path.ends_with("/mod.rs"))
        .filter(|(path, text)| {
            path.ends_with("/uuid.rs") || names_uuid(text.parse().expect("Rust"))
        })
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(named, files_of_the_recipe(page));
}

#[test]
fn a_type_is_seen_in_any_name_and_not_in_what_is_said() {
    for text in [
        "Kind::Uuid",
        "f(ttype::UUID)",
        "{ reader.uuid() }",
        "m!(uuid_of)",
    ] {
        assert!(names_uuid(text.parse().expect("Rust")), "{text}");
    }
    for text in ["/// A uuid.\nfn f() {}", "f(\"uuid\") // Uuid"] {
        assert!(!names_uuid(text.parse().expect("Rust")), "{text}");
    }
}
