//! The rules between the rooms of this crate, checked in its source.

#[path = "rooms/house.rs"]
mod house;
#[path = "rooms/page.rs"]
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use house::{House, Named, files};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A room, which others it may name, and which crates beside `std`.
struct Room {
    name: &'static str,
    below: &'static [&'static str],
    crates: &'static [&'static str],
}

/// Every room, from the ground up: a room names only those that stand before
/// it. What is not listed here is not allowed, and what is listed is done.
const ROOMS: &[Room] = &[
    Room {
        name: "wire",
        below: &[],
        crates: &["base64_simd", "thiserror", "wide", "zmij"],
    },
    Room {
        name: "stream",
        below: &["wire"],
        crates: &["bytes", "flate2", "thiserror"],
    },
    Room {
        name: "server",
        below: &["wire", "stream"],
        crates: &["bytes", "foldhash", "mio", "rustix"],
    },
    Room {
        name: "idl",
        below: &[],
        crates: &["annotate_snippets"],
    },
    Room {
        name: "schema",
        below: &["idl"],
        crates: &["foldhash"],
    },
    Room {
        name: "py::ffi",
        below: &["wire"],
        crates: &["libc", "pyo3"],
    },
    Room {
        name: "py::imports",
        below: &[],
        crates: &["pyo3"],
    },
    Room {
        name: "py::logging",
        below: &[],
        crates: &["pyo3", "pyo3_log"],
    },
    Room {
        name: "py::structs",
        below: &["wire", "py::ffi", "py::imports"],
        crates: &["pyo3"],
    },
    Room {
        name: "py::constants",
        below: &["wire", "py::structs"],
        crates: &["pyo3"],
    },
    Room {
        name: "py::error",
        below: &["wire", "py::ffi", "py::imports"],
        crates: &["pyo3"],
    },
    Room {
        name: "py::stream",
        below: &["stream", "py::ffi", "py::error"],
        crates: &["bytes", "pyo3"],
    },
    Room {
        name: "py::trace",
        below: &["wire"],
        crates: &["pyo3"],
    },
    Room {
        name: "py::transport",
        below: &[
            "stream",
            "wire",
            "py::ffi",
            "py::imports",
            "py::error",
            "py::stream",
        ],
        crates: &["pyo3"],
    },
    Room {
        name: "py::server",
        below: &[
            "wire",
            "stream",
            "server",
            "py::ffi",
            "py::stream",
            "py::transport",
        ],
        crates: &["bytes", "pyo3"],
    },
    Room {
        name: "py::codec",
        below: &[
            "wire",
            "stream",
            "py::ffi",
            "py::imports",
            "py::structs",
            "py::error",
            "py::transport",
        ],
        crates: &["foldhash", "pyo3"],
    },
    Room {
        name: "py::protocol",
        below: &[
            "wire",
            "stream",
            "py::ffi",
            "py::imports",
            "py::structs",
            "py::error",
            "py::transport",
            "py::codec",
        ],
        crates: &["pyo3"],
    },
    Room {
        name: "py::functions",
        below: &[
            "wire",
            "py::ffi",
            "py::structs",
            "py::error",
            "py::transport",
            "py::codec",
            "py::protocol",
        ],
        crates: &["pyo3"],
    },
    Room {
        name: "py::generated",
        below: &[
            "wire",
            "py::ffi",
            "py::imports",
            "py::structs",
            "py::error",
            "py::codec",
        ],
        crates: &["pyo3"],
    },
    Room {
        name: "py::plain",
        below: &[
            "wire",
            "py::ffi",
            "py::structs",
            "py::transport",
            "py::codec",
        ],
        crates: &["pyo3"],
    },
    Room {
        name: "py::thriftpy_json",
        below: &[
            "wire",
            "py::ffi",
            "py::imports",
            "py::structs",
            "py::error",
            "py::transport",
            "py::codec",
        ],
        crates: &["pyo3"],
    },
    Room {
        name: "py::call",
        below: &[
            "wire",
            "py::ffi",
            "py::imports",
            "py::structs",
            "py::error",
            "py::transport",
            "py::codec",
            "py::protocol",
        ],
        crates: &["pyo3"],
    },
    Room {
        name: "py::classes",
        below: &[
            "idl",
            "schema",
            "py::ffi",
            "py::imports",
            "py::logging",
            "py::structs",
        ],
        crates: &["foldhash", "log", "pyo3"],
    },
];

/// The doors: they name every room within, and no room names them.
const DOORS: &[&str] = &["", "py"];

/// The rooms that build without Python, and what they may use of `std` besides
/// what only computes: no room but these has sockets, files or threads.
const PURE: &[(&str, &[&str])] = &[
    ("wire", &[]),
    // zlib writes into what has this trait.
    ("stream", &["std::io::Write"]),
    ("server", &["std::io", "std::net", "std::os"]),
    ("idl", &[]),
    ("schema", &["std::fs", "std::io"]),
];

/// What of `std` waits for others or changes them.
const OUTSIDE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
];

/// The one room with unsafe code.
const UNSAFE: &str = "src/py/ffi/";

/// Arrows against the rules that are still there, to be taken away.
const AGAINST_THE_RULES: &[(&str, &str)] = &[];

/// Files below `src` that need each other, and why that is right.
const CIRCLES: &[(&[&str], &str)] = &[
    (
        &[
            "py/structs/plan/chosen.rs",
            "py/structs/plan/converted.rs",
            "py/structs/plan/field.rs",
            "py/structs/plan/kind.rs",
            "py/structs/plan/mod.rs",
            "py/structs/plan/positions.rs",
        ],
        "a plan has fields, a field has a kind, which may be made of another one, and the kind of a \
         nested struct has its plan",
    ),
    (
        &[
            "schema/link/enums.rs",
            "schema/link/mod.rs",
            "schema/link/names.rs",
            "schema/link/structs.rs",
            "schema/link/suggest.rs",
            "schema/link/types.rs",
            "schema/link/values.rs",
        ],
        "one linker: it holds what each construct is linked to, and each construct is a piece of its `impl`, in a \
         file of its own",
    ),
];

/// What a newcomer can hold in mind.
const LONGEST_FILE: usize = 800;

/// The modules of Python that native code asks for: the package's own, by
/// `py::imports` alone, and what of the standard library, anywhere in `py`.
const PYTHON_MODULES: &[&str] = &[
    "array",
    "copy",
    "copyreg",
    "fastthrift._core",
    "fastthrift._fields_dict",
    "fastthrift._exceptions",
    "fastthrift._payload",
    "fastthrift.contrib.apache._generated",
    "fastthrift.contrib.apache._transport",
    "fastthrift.parser.enums",
    "fastthrift.parser.exc",
    "fastthrift.protocol.exc",
    "fastthrift.protocol.json",
    "fastthrift.transport._buffers",
    "fastthrift.transport.base",
    "gc",
    "json",
    "sys",
    "thrift.Thrift",
    "thrift.protocol.TBase",
    "types",
    "uuid",
];

/// The room or door that a path from the root of the crate leads into.
fn room_of(names: &[String]) -> Option<&'static str> {
    let whole = names.join("::");
    let within = |room: &str| whole == room || whole.starts_with(&format!("{room}::"));
    let rooms = ROOMS.iter().map(|room| room.name);
    rooms
        .filter(|room| within(room))
        .max_by_key(|room| room.len())
        .or_else(|| DOORS.iter().copied().rfind(|door| whole == *door))
}

/// The room or door that a path names, where a name that is no room belongs
/// to the door that it stands in.
fn room_named(names: &[String]) -> &'static str {
    (0..=names.len())
        .rev()
        .find_map(|length| room_of(&names[..length]))
        .expect("the root is a door")
}

/// What a house has against the table, as sentences.
fn against_the_table(house: &House) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in &house.sources {
        if room_of(&source.module).is_none() {
            wrong.push(format!("{}: a room that is not listed", source.path));
        }
    }
    for mention in &house.mentions {
        let Named::Here(names) = &mention.named else {
            continue;
        };
        let (from, to) = (room_named(&mention.module), room_named(names));
        let is_below = ROOMS
            .iter()
            .any(|room| room.name == from && room.below.contains(&to));
        let is_left = AGAINST_THE_RULES.contains(&(from, to));
        if from != to && !is_left && !DOORS.contains(&from) && !is_below {
            let name = if from.is_empty() { "the root" } else { from };
            wrong.push(format!("{mention}: {name} may not name it"));
        }
    }
    // A macro of a door is known in its rooms without being named.
    for (path, line) in house::places_of(&house.sources, "macro_rules") {
        if house
            .sources
            .iter()
            .any(|source| source.path == path && DOORS.contains(&source.module.join("::").as_str()))
        {
            wrong.push(format!("{path}:{line}: a macro that no path names"));
        }
    }
    wrong.extend(house.detours.iter().cloned());
    wrong
}

/// The crates that the crate depends on, as they are named in its source.
fn dependencies() -> BTreeSet<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let text = fs::read_to_string(manifest).expect("the manifest");
    let after = text.split("\n[dependencies]\n").nth(1).expect("the table");
    after
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"))
        .collect()
}

#[test]
fn rooms_stand_on_each_other() {
    for (index, room) in ROOMS.iter().enumerate() {
        for below in room.below {
            assert!(
                ROOMS[..index].iter().any(|lower| lower.name == *below),
                "{} names {below}, which does not stand before it",
                room.name
            );
        }
    }
}

/// The first table of the architecture page: what each room needs, and those
/// of `src/py` from the top down.
#[test]
fn the_architecture_page_has_the_rooms_with_what_they_need() {
    let rows = page::rows();
    let place = |name: &str| {
        let place = rows.iter().position(|row| row.room == name);
        place.unwrap_or_else(|| panic!("{name} has no row"))
    };
    for room in ROOMS {
        let own = place(room.name);
        assert_eq!(rows[own].needs, room.below, "{}", room.name);
        for below in room.below.iter().filter(|below| below.starts_with("py::")) {
            assert!(own < place(below), "{below} stands above {}", room.name);
        }
    }
}

#[test]
fn each_room_uses_only_those_below_it() {
    let house = House::of_this_crate();
    let wrong: Vec<String> = against_the_table(&house);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_arrow_of_the_table_is_needed() {
    let house = House::of_this_crate();
    let here: BTreeSet<(&str, &str)> = house
        .mentions
        .iter()
        .filter_map(|mention| match &mention.named {
            Named::Here(names) => Some((room_named(&mention.module), room_named(names))),
            Named::Elsewhere(_) => None,
        })
        .collect();
    let listed = ROOMS
        .iter()
        .flat_map(|room| room.below.iter().map(|below| (room.name, *below)));
    for arrow in listed.chain(AGAINST_THE_RULES.iter().copied()) {
        assert!(here.contains(&arrow), "no longer needed: {arrow:?}");
    }
}

#[test]
fn each_room_uses_only_the_crates_that_are_listed() {
    let house = House::of_this_crate();
    let dependencies = dependencies();
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for mention in &house.mentions {
        if let Named::Elsewhere(names) = &mention.named
            && dependencies.contains(&names[0])
        {
            let room = room_named(&mention.module);
            used.entry(room).or_default().insert(&names[0]);
        }
    }
    for door in DOORS {
        used.remove(door);
    }
    let listed: BTreeMap<&str, BTreeSet<&str>> = ROOMS
        .iter()
        .filter(|room| !room.crates.is_empty())
        .map(|room| (room.name, room.crates.iter().copied().collect()))
        .collect();
    assert_eq!(used, listed);
}

#[test]
fn the_rooms_below_python_know_nothing_of_it() {
    let house = House::of_this_crate();
    for word in ["pyo3", "pyo3_log", "libc", "PyErr", "Python"] {
        let places: Vec<_> = house::places_of(&house.sources, word)
            .into_iter()
            .filter(|(path, _)| !path.starts_with("src/py/"))
            .collect();
        assert!(places.is_empty(), "{word}: {places:?}");
    }
    let is_pure = |name: &str| PURE.iter().any(|(pure, _)| *pure == name);
    for room in ROOMS.iter().filter(|room| is_pure(room.name)) {
        assert!(room.below.iter().all(|below| is_pure(below)));
    }
}

/// What rooms below Python use of `std` that is not theirs, and what is theirs
/// and not used.
fn against_the_outside(house: &House) -> Vec<String> {
    let within = |path: &str, whole: &str| path == whole || path.starts_with(&format!("{whole}::"));
    let mut wrong = Vec::new();
    let mut needed = BTreeSet::new();
    for mention in &house.mentions {
        let Named::Elsewhere(names) = &mention.named else {
            continue;
        };
        let path = names.join("::");
        let room = room_named(&mention.module);
        let Some((room, allowed)) = PURE.iter().find(|(pure, _)| *pure == room) else {
            continue;
        };
        match allowed.iter().find(|allowed| within(&path, allowed)) {
            Some(allowed) => drop(needed.insert((*room, *allowed))),
            None if path == "std" || OUTSIDE.iter().any(|outside| within(&path, outside)) => {
                wrong.push(format!("{mention}: {room} may not use it"));
            }
            None => {}
        }
    }
    for (room, allowed) in PURE {
        for allowed in *allowed {
            if house.sources.len() > 20 && !needed.contains(&(*room, *allowed)) {
                wrong.push(format!("{room} no longer needs {allowed}"));
            }
        }
    }
    wrong
}

#[test]
fn the_rooms_below_python_wait_for_nothing_but_where_they_say_so() {
    let wrong = against_the_outside(&House::of_this_crate());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_outside_is_seen_however_it_is_spelt() {
    for (path, text) in [
        ("src/wire/mod.rs", "use std::net::TcpStream;"),
        ("src/wire/mod.rs", "fn f() { std::thread::sleep(t) }"),
        ("src/wire/mod.rs", "use std::{fmt, io::{self, Read}};"),
        ("src/wire/mod.rs", "use std::thread as other;"),
        ("src/wire/mod.rs", "use std as s; fn f() { s::fs::read(p) }"),
        ("src/idl/token.rs", "use ::std::fs;"),
        ("src/idl/token.rs", "use std::*;"),
    ] {
        let wrong = against_the_outside(&with(path, text));
        assert!(!wrong.is_empty(), "not seen in {path}: {text}");
    }
    for (path, text) in [
        ("src/wire/mod.rs", "use std::{fmt, collections::HashMap};"),
        ("src/schema/mod.rs", "fn f() { std::fs::read(p) }"),
        ("src/py/ffi/list.rs", "use std::net;"),
    ] {
        let wrong = against_the_outside(&with(path, text));
        assert!(wrong.is_empty(), "{path}: {text}: {wrong:#?}");
    }
}

#[test]
fn files_do_not_need_each_other_in_circles() {
    let house = House::of_this_crate();
    let listed: BTreeSet<BTreeSet<&str>> = CIRCLES
        .iter()
        .map(|(files, _)| files.iter().copied().collect())
        .collect();
    let found: BTreeSet<BTreeSet<&str>> = house
        .circles()
        .into_iter()
        .map(|circle| {
            let below = |path| str::strip_prefix(path, "src/").expect("a path of the crate");
            circle.into_iter().map(below).collect()
        })
        .collect();
    let new: Vec<_> = found.difference(&listed).collect();
    assert!(new.is_empty(), "{new:#?}");
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "no longer there: {gone:#?}");
}

#[test]
fn unsafe_code_lives_in_py_ffi_alone() {
    let places = house::places_of(&House::of_this_crate().sources, "unsafe");
    let (inside, elsewhere): (Vec<_>, Vec<_>) = places
        .into_iter()
        .partition(|(path, _)| path.starts_with(UNSAFE));
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
    assert!(!inside.is_empty());
}

#[test]
fn the_rooms_below_python_forbid_unsafe_code() {
    let house = House::of_this_crate();
    for (room, _) in PURE {
        let source = house
            .sources
            .iter()
            .find(|source| source.module == [*room])
            .expect("the room's own file");
        let tokens = source.tokens.to_string().replace(' ', "");
        assert!(tokens.contains("#![forbid(unsafe_code)]"), "{room}");
    }
}

/// The texts of a call or a macro, those of its attributes left out.
fn literals(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() != Delimiter::Bracket => {
                literals(group.stream(), found);
            }
            TokenTree::Literal(literal) => found.push(literal.to_string()),
            _ => {}
        }
    }
}

/// The modules that `.import(...)` and `import!(...)` name; `None` for one
/// whose name stands elsewhere.
fn imports(tokens: TokenStream, found: &mut Vec<Option<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        imports(group.stream(), found);
        let is_import = |at: usize| matches!(&tokens[at], TokenTree::Ident(name) if name.to_string().starts_with("import"));
        let of_macro = index > 1
            && is_import(index - 2)
            && matches!(&tokens[index - 1], TokenTree::Punct(mark) if mark.as_char() == '!');
        if of_macro || index > 0 && is_import(index - 1) {
            let mut texts = Vec::new();
            literals(group.stream(), &mut texts);
            let first = texts.first().map(|text| text.trim_matches('"').to_owned());
            // The macro's own definition: what it is given is seen where it is used.
            if first.is_some() || !group.stream().to_string().contains('$') {
                found.push(first);
            }
        }
    }
}

#[test]
fn native_code_imports_only_what_is_listed() {
    let mut all = BTreeSet::new();
    for source in &House::of_this_crate().sources {
        let mut found = Vec::new();
        imports(source.tokens.clone(), &mut found);
        for module in found {
            let path = &source.path;
            let module = module.unwrap_or_else(|| panic!("{path}: import of what?"));
            assert!(
                path == "src/py/imports.rs" || !module.starts_with("fastthrift"),
                "{path}: {module} is for src/py/imports.rs to import"
            );
            all.insert(module);
        }
    }
    let listed = PYTHON_MODULES.iter().map(|&name| name.to_owned());
    assert_eq!(all, listed.collect());
}

#[test]
fn no_file_is_too_long_to_read() {
    for directory in ["src", "python", "tests", "benches", "examples", "fuzz"] {
        for extension in ["rs", "py", "pyi"] {
            for (path, text) in files(directory, extension) {
                let lines = text.lines().count();
                assert!(lines <= LONGEST_FILE, "{path}: {lines} lines");
            }
        }
    }
}

/// A crate in which one file of a room says something.
fn with(path: &str, text: &str) -> House {
    let mut sources: Vec<(String, String)> = [
        (
            "src/lib.rs",
            "pub mod idl; pub mod schema; pub mod wire; mod py;",
        ),
        ("src/idl/mod.rs", "mod token; pub use token::Token;"),
        ("src/idl/token.rs", "pub struct Token;"),
        ("src/schema/mod.rs", ""),
        ("src/wire/mod.rs", "pub struct Error;"),
        ("src/py/mod.rs", "mod ffi; mod codec; use codec::decode;"),
        ("src/py/ffi/mod.rs", "mod list;"),
        ("src/py/ffi/list.rs", ""),
        ("src/py/codec/mod.rs", "pub fn decode() {}"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .to_vec();
    let file = sources.iter_mut().find(|(name, _)| name == path);
    match file {
        Some((_, old)) => *old = format!("{old} {text}"),
        None => sources.push((path.to_owned(), text.to_owned())),
    }
    House::new(sources)
}

#[test]
fn no_spelling_walks_around_the_rules() {
    for (path, text) in [
        ("src/idl/mod.rs", "fn f() { crate::wire::Error; }"),
        ("src/idl/mod.rs", "use super::wire;"),
        ("src/idl/mod.rs", "use super::wire::Error as E;"),
        (
            "src/idl/mod.rs",
            "use crate as house; fn f() { house::wire::Error; }",
        ),
        ("src/idl/mod.rs", "use crate::*;"),
        (
            "src/idl/token.rs",
            "use super::super::{schema, wire::{self, Error}};",
        ),
        (
            "src/idl/token.rs",
            "mod inner { use super::super::super::wire; }",
        ),
        (
            "src/idl/token.rs",
            "mod inner { fn f() -> super::super::super::wire::Error {} }",
        ),
        (
            "src/idl/token.rs",
            "macro_rules! m { () => { $crate::wire::Error } }",
        ),
        (
            "src/idl/token.rs",
            "fn f() { println!(\"{}\", crate :: wire\n:: Error); }",
        ),
        (
            "src/idl/token.rs",
            "#[derive(crate::wire::Error)] struct S;",
        ),
        ("src/idl/token.rs", "use crate::{idl, r#wire};"),
        ("src/idl/token.rs", "use self::super::super::wire;"),
        ("src/idl/token.rs", "extern crate self as whole;"),
        ("src/idl/token.rs", "#[path = \"../wire/mod.rs\"] mod wire;"),
        ("src/idl/token.rs", "include!(\"../wire/mod.rs\");"),
        (
            "src/idl/token.rs",
            "#[macro_export] macro_rules! m { () => {} }",
        ),
        ("src/py/mod.rs", "macro_rules! m { () => {} }"),
        ("src/wire/mod.rs", "fn f(_: impl Fn(crate::idl::Token)) {}"),
        ("src/py/ffi/list.rs", "use super::super::codec;"),
        ("src/py/ffi/list.rs", "use super::super::decode;"),
        ("src/py/ffi/list.rs", "use super::super::*;"),
        ("src/py/ffi/list.rs", "use crate::py::{ffi, codec::decode};"),
        (
            "src/py/ffi/mod.rs",
            "use super::{self as py}; fn f() { py::codec::decode() }",
        ),
        ("src/py/attic/mod.rs", ""),
        ("src/attic.rs", ""),
    ] {
        let wrong = against_the_table(&with(path, text));
        assert!(!wrong.is_empty(), "not seen in {path}: {text}");
    }
}

#[test]
fn what_is_allowed_or_said_only_is_no_fault() {
    for (path, text) in [
        (
            "src/idl/token.rs",
            "// use crate::wire;\n/// [`crate::wire::Error`]\nfn f() { \"crate::wire\"; }",
        ),
        (
            "src/idl/token.rs",
            "pub(in super::super) fn f(self) { self.wire::<u8>(); Self::py(); }",
        ),
        (
            "src/idl/token.rs",
            "use super::Token as T; use std::{fmt, io::{self, Read}};",
        ),
        ("src/schema/mod.rs", "use crate::idl::{self, Token};"),
        (
            "src/py/codec/mod.rs",
            "use super::ffi; use crate::wire; fn f() { ffi::list; wire::Error }",
        ),
        ("src/py/mod.rs", "fn f() { ffi::list; super::wire::Error; }"),
    ] {
        let wrong = against_the_table(&with(path, text));
        assert!(wrong.is_empty(), "{path}: {text}: {wrong:#?}");
    }
}

#[test]
fn circles_are_seen_through_re_exports() {
    let house = with("src/idl/lexer.rs", "use super::Token; pub struct Lexer;");
    assert!(house.circles().is_empty());
    let mut sources = vec![
        (
            "src/idl/mod.rs",
            "mod token; mod lexer; pub use token::Token; pub use lexer::Lexer;",
        ),
        ("src/idl/token.rs", "pub struct Token(super::Lexer);"),
        (
            "src/idl/lexer.rs",
            "use super::Token; pub struct Lexer(Token);",
        ),
    ];
    let made = |sources: &[(&str, &str)]| {
        let texts = sources
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        House::new(texts.collect())
    };
    assert_eq!(
        made(&sources).circles(),
        BTreeSet::from([vec!["src/idl/lexer.rs", "src/idl/token.rs"]])
    );
    sources[1].1 = "pub struct Token;";
    assert!(made(&sources).circles().is_empty());
}
