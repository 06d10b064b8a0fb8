//! Every fixture: a snapshot of what it gives, and what must hold for any
//! text, checked for this one.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use fastthrift::idl::{Code, Diagnostic, render};
use fastthrift::schema::{FileSystem, Options, load};

use crate::dump;
use crate::invariants::{check_parsing, check_printing};

/// The fixtures of `tests/idl/good` or `tests/idl/bad`, by name.
pub fn fixtures(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new("tests/idl").join(directory);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&directory)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("the directory can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "thrift")
        })
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

pub fn sources() -> FileSystem {
    FileSystem::new(["tests/idl/include"])
}

fn snapshot(kind: &str, path: &Path, text: &str) {
    let name = path.file_stem().expect("a file name").to_string_lossy();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{kind}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_input_file(path);
    settings.bind(|| insta::assert_snapshot!(name.as_ref(), text));
}

#[test]
fn good_files() {
    for path in fixtures("good") {
        let bytes = std::fs::read(&path).expect("the fixture can be read");
        let tree = dump::tree(&path, bytes);
        let schema = match load(&path, &sources(), &Options::default()) {
            Ok(schema) => schema,
            Err(diagnostics) => {
                let texts: Vec<String> = diagnostics.iter().map(render).collect();
                panic!("{} is refused:\n{}", path.display(), texts.join("\n"));
            }
        };
        let mut text = dump::schema(&schema);
        for warning in &schema.warnings {
            text += &render(warning);
            text += "\n\n";
        }
        snapshot("good", &path, &format!("{text}\n{tree}"));
    }
}

#[test]
fn bad_files() {
    for path in fixtures("bad") {
        let Err(diagnostics) = load(&path, &sources(), &Options::default()) else {
            panic!("{} is accepted", path.display());
        };
        assert!(diagnostics.iter().any(Diagnostic::is_error));
        let mut text = String::new();
        for diagnostic in &diagnostics {
            let (rendered, kind) = (render(diagnostic), diagnostic.kind());
            let thriftpy2 = diagnostic.thriftpy2_text();
            writeln!(text, "{rendered}\n{kind:?}: {thriftpy2}\n").unwrap();
        }
        snapshot("bad", &path, &text);
    }
}

#[test]
fn ranges_nest_and_tokens_cover_the_text() {
    for directory in ["good", "bad"] {
        for path in fixtures(directory) {
            check_parsing(&std::fs::read(&path).expect("the fixture can be read"));
        }
    }
}

#[test]
fn every_code_is_documented() {
    let page = std::fs::read_to_string("docs/idl.md").expect("the page can be read");
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.severity().as_str());
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn what_is_printed_is_the_same_tree() {
    for directory in ["good", "bad"] {
        for path in fixtures(directory) {
            let bytes = std::fs::read(&path).expect("the fixture can be read");
            let printed = check_printing(&bytes);
            assert!(printed || directory == "bad", "{}", path.display());
        }
    }
}
