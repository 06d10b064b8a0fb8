//! Every fixture: a snapshot of what it gives, and what must hold for any
//! text, checked for this one.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastthrift::idl::lexer::Lexer;
use fastthrift::idl::{Diagnostic, ParseOptions, SourceFile, Span, Visitor, parse, render, walk};
use fastthrift::schema::{FileSystem, Options, load};

use crate::dump;

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

/// Checks that the ranges of a tree nest, in order, and hold some text.
struct RangeCheck {
    parents: Vec<(Span, u32)>,
}

impl Visitor for RangeCheck {
    fn enter(&mut self, node: &'static str, span: Span, leaf: bool) {
        assert!(
            span.start < span.end || node == "file",
            "empty {node} {span:?}"
        );
        if let Some((parent, next)) = self.parents.last_mut() {
            assert!(
                parent.contains(span),
                "{node} {span:?} outside of {parent:?}"
            );
            // A requiredness comes before its type and so on, but `cpp_type`
            // is told of after the element type it may stand before.
            if node != "cpp_type" {
                assert!(
                    *next <= span.start,
                    "{node} {span:?} before its elder sibling"
                );
                *next = span.end;
            }
        }
        assert!(!leaf || node != "file");
        self.parents.push((span, span.start));
    }

    fn leave(&mut self) {
        self.parents.pop();
    }
}

/// What must hold for every text.
pub fn check_invariants(bytes: &[u8]) {
    let source = Arc::new(SourceFile::new("checked.thrift", bytes.to_vec()));
    assert_eq!(source.text().len(), bytes.len());

    let mut at = 0;
    for token in Lexer::new(source.text()) {
        assert_eq!(token.span.start, at, "a gap between tokens");
        assert!(token.span.end > at, "an empty token");
        assert!(source.text().is_char_boundary(token.span.end as usize));
        at = token.span.end;
    }
    assert_eq!(at as usize, bytes.len(), "the tokens end before the text");

    let parsed = parse(&source, ParseOptions::default());
    walk(
        &parsed.file,
        &mut RangeCheck {
            parents: Vec::new(),
        },
    );
    for diagnostic in &parsed.diagnostics {
        let range = diagnostic.span.range();
        assert!(source.text().get(range).is_some(), "{diagnostic}");
    }
}

#[test]
fn ranges_nest_and_tokens_cover_the_text() {
    for directory in ["good", "bad"] {
        for path in fixtures(directory) {
            check_invariants(&std::fs::read(&path).expect("the fixture can be read"));
        }
    }
}
