//! The rules between the rooms of this crate, checked in its source.

use std::fs;
use std::path::{Path, PathBuf};

/// What a newcomer can hold in mind.
const LONGEST_FILE: usize = 800;

fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of the crate") {
            let path = entry.expect("an entry of a directory").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                files.push((path, text));
            }
        }
    }
    assert!(!files.is_empty(), "no source in {room}");
    files
}

/// The lines of code that contain `word`, as `path:line`.
fn places(room: &str, word: &str) -> Vec<String> {
    let mut places = Vec::new();
    for (path, text) in sources(room) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            if code.contains(word) {
                places.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    places
}

#[test]
fn unsafe_code_lives_in_py_ffi_alone() {
    let elsewhere: Vec<_> = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"]
        .iter()
        .flat_map(|word| places("", word))
        .filter(|place| !place.contains("/py/ffi/"))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
    assert!(!places("py/ffi", "unsafe {").is_empty());
}

#[test]
fn the_rooms_below_python_forbid_unsafe_code() {
    for room in ["idl", "schema", "wire"] {
        assert_eq!(places(room, "#![forbid(unsafe_code)]").len(), 1, "{room}");
    }
}

#[test]
fn the_rooms_below_python_know_nothing_of_it() {
    for room in ["idl", "schema", "wire"] {
        for word in ["pyo3", "crate::py"] {
            let places = places(room, word);
            assert!(places.is_empty(), "{word}: {places:#?}");
        }
    }
}

#[test]
fn each_room_uses_only_those_below_it() {
    for (room, above) in [
        ("idl", vec!["crate::schema", "crate::wire"]),
        ("schema", vec!["crate::wire"]),
        ("wire", vec!["crate::idl", "crate::schema"]),
    ] {
        for word in above {
            let places = places(room, word);
            assert!(places.is_empty(), "{room} uses {word}: {places:#?}");
        }
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    for (path, text) in sources("") {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{}: {lines} lines", path.display());
    }
}
