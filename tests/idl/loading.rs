//! Where files are found, and that each is read once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use fastthrift::idl::{Code, DiagnosticKind, Severity};
use fastthrift::schema::{
    FileSystem, Located, Memory, MissingInclude, Options, Reserved, Schema, Sources, Unresolved,
    load,
};

fn names(schema: &Schema) -> Vec<&str> {
    let programs = schema.programs.iter();
    programs.map(|program| program.name.as_str()).collect()
}

/// Counts how often each file is read.
struct Counting {
    inner: Memory,
    reads: RefCell<HashMap<PathBuf, usize>>,
}

impl Sources for Counting {
    fn root(&self, path: &Path) -> Located {
        self.inner.root(path)
    }

    fn resolve(&self, including: &Path, written: &str) -> Result<Located, Unresolved> {
        self.inner.resolve(including, written)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        *self.reads.borrow_mut().entry(path.to_owned()).or_default() += 1;
        self.inner.read(path)
    }
}

#[test]
fn each_file_is_read_once_and_stands_before_those_that_include_it() {
    let inner = Memory::new()
        .with(
            "root.thrift",
            "include 'a.thrift'\ninclude 'b.thrift'\ninclude 'base.thrift'",
        )
        .with("a.thrift", "include 'base.thrift'")
        .with("b.thrift", "include 'a.thrift'\ninclude 'base.thrift'")
        .with("base.thrift", "");
    let sources = Counting {
        inner,
        reads: RefCell::default(),
    };
    let schema = load("root.thrift", &sources, &Options::default()).expect("nothing is wrong");
    assert_eq!(names(&schema), ["base", "a", "b", "root"]);
    assert_eq!(schema.root().map(|root| root.name.as_str()), Some("root"));
    assert!(sources.reads.borrow().values().all(|&count| count == 1));
    assert_eq!(sources.reads.borrow().len(), 4);
}

#[test]
fn beside_the_including_file_first_then_the_include_directories_in_order() {
    let directory = std::env::temp_dir().join(format!("fastthrift-idl-{}", std::process::id()));
    for place in ["beside", "first", "second"] {
        std::fs::create_dir_all(directory.join(place)).expect("a directory can be made");
    }
    let write = |path: &str, text: &str| {
        std::fs::write(directory.join(path), text).expect("a file can be written");
    };
    write(
        "beside/root.thrift",
        "include 'everywhere.thrift'\ninclude 'both.thrift'\ninclude 'one.thrift'",
    );
    write("beside/everywhere.thrift", "");
    write("first/everywhere.thrift", "");
    write("first/both.thrift", "");
    write("second/both.thrift", "");
    write("second/one.thrift", "");
    let sources = FileSystem::new([directory.join("first"), directory.join("second")]);
    let schema = load(
        directory.join("beside/root.thrift"),
        &sources,
        &Options::default(),
    );
    let places: Vec<PathBuf> = schema
        .expect("nothing is wrong")
        .programs
        .iter()
        .map(|program| {
            program
                .path
                .strip_prefix(&directory)
                .expect("it is there")
                .to_owned()
        })
        .collect();
    let expected = [
        "beside/everywhere.thrift",
        "first/both.thrift",
        "second/one.thrift",
        "beside/root.thrift",
    ];
    assert_eq!(places, expected.map(PathBuf::from));
    std::fs::remove_dir_all(&directory).expect("it can be removed");
}

#[test]
fn two_paths_to_one_file_are_one_program() {
    let path = "tests/idl/good/includes.thrift";
    let sources = FileSystem::new(["tests/idl/include"]);
    let schema = load(path, &sources, &Options::default()).expect("nothing is wrong");
    assert_eq!(
        names(&schema),
        ["shared", "dotted.name", "nested", "includes"]
    );
    let root = schema.root().expect("there is one");
    let found: Vec<_> = root
        .includes
        .iter()
        .map(|include| include.program)
        .collect();
    assert_eq!(found[0], found[3]);
}

#[test]
fn a_missing_include_may_be_a_warning() {
    let sources = Memory::new().with("a.thrift", "include 'b.thrift'\nstruct A { 1: i32 a }");
    let errors = load("a.thrift", &sources, &Options::default()).expect_err("it is missing");
    assert_eq!(
        errors[0].thriftpy2_text(),
        "Couldn't include thrift b.thrift in any directories provided"
    );
    assert_eq!(errors[0].kind(), DiagnosticKind::Parser);

    let options = Options {
        missing_include: MissingInclude::Warn,
        ..Options::default()
    };
    let schema = load("a.thrift", &sources, &options).expect("a warning is no error");
    assert_eq!(schema.warnings[0].code, Code::MissingInclude);
    assert_eq!(schema.warnings[0].severity, Severity::Warning);
    assert_eq!(schema.programs[0].includes[0].program, None);

    let uses = Memory::new().with("a.thrift", "include 'b.thrift'\nstruct A { 1: b.B a }");
    let errors = load("a.thrift", &uses, &options).expect_err("its names are missing as well");
    assert!(errors.iter().any(|error| error.code == Code::UnknownType));
}

#[test]
fn a_single_text_includes_nothing() {
    let sources = Memory::text("a.thrift", "include 'b.thrift'");
    let errors = load("a.thrift", &sources, &Options::default()).expect_err("it cannot");
    assert_eq!(
        errors[0].thriftpy2_text(),
        "Unexpected include statement while loading from file like object."
    );
}

#[test]
fn a_root_that_cannot_be_read() {
    let errors =
        load("none.thrift", &Memory::new(), &Options::default()).expect_err("there is none");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].code, Code::UnreadableFile);
    assert!(errors[0].message.contains("none.thrift"));
}

#[test]
fn an_include_that_cannot_be_read_is_reported_where_it_is_included() {
    let sources = FileSystem::new(["tests"]);
    let directory =
        std::env::temp_dir().join(format!("fastthrift-unreadable-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("b.thrift")).expect("a directory can be made");
    let root = directory.join("a.thrift");
    std::fs::write(&root, "include 'b.thrift'").expect("a file can be written");
    let errors = load(&root, &sources, &Options::default()).expect_err("a directory is no file");
    assert_eq!(errors[0].code, Code::UnreadableFile);
    assert_eq!(errors[0].path(), root);
    std::fs::remove_dir_all(&directory).expect("it can be removed");
}

#[test]
fn a_circle_of_includes_is_told_with_its_path() {
    let sources = Memory::new()
        .with("root.thrift", "include 'a.thrift'")
        .with("a.thrift", "include 'b.thrift'")
        .with("b.thrift", "include 'a.thrift'");
    let errors = load("root.thrift", &sources, &Options::default()).expect_err("a circle");
    assert_eq!(errors[0].thriftpy2_text(), "Dead including on a.thrift");
    let files: Vec<&Path> = errors[0]
        .related
        .iter()
        .map(|label| label.file.path())
        .collect();
    assert_eq!(
        (errors[0].path(), files),
        (Path::new("b.thrift"), vec![Path::new("a.thrift")])
    );
}

#[test]
fn reserved_words_are_taken_told_of_or_refused() {
    let text = "struct A { 1: i32 from, 2: string class, 3: i32 next } struct B { 1: i32 from }";
    let sources = Memory::text("a.thrift", text);
    let schema = load("a.thrift", &sources, &Options::default()).expect("they are taken");
    let told = |schema: &Schema| -> Vec<_> {
        let hints = schema.warnings.iter();
        hints
            .map(|hint| (hint.code, hint.severity, hint.span.start))
            .collect()
    };
    // Each word once.
    assert_eq!(
        told(&schema),
        [18, 34, 48].map(|start| (Code::ReservedWord, Severity::Hint, start))
    );

    let options = Options {
        reserved: Reserved::Refuse,
        ..Options::default()
    };
    let errors = load("a.thrift", &sources, &options).expect_err("they are refused");
    assert_eq!(errors.len(), 4);
    assert_eq!(
        errors[0].thriftpy2_text(),
        "Cannot use reserved language keyword: 'from' at line 1"
    );
    let options = Options {
        reserved: Reserved::Allow,
        ..Options::default()
    };
    let schema = load("a.thrift", &sources, &options).expect("they are allowed");
    assert_eq!(schema.structs[0].fields[0].name, "from");
    assert_eq!(told(&schema), []);
}

#[test]
fn a_tree_of_sixty_files_that_include_each_other_is_sixty_reads() {
    let mut inner = Memory::new();
    for index in 0..60 {
        let mut text = String::new();
        for before in 0..index {
            writeln!(text, "include 'f{before}.thrift'").unwrap();
        }
        writeln!(text, "struct S {{").unwrap();
        for before in 0..index {
            writeln!(text, "  {}: f{before}.S s{before}", before + 1).unwrap();
        }
        text.push_str("}\n");
        inner = inner.with(format!("f{index}.thrift"), text);
    }
    let sources = Counting {
        inner,
        reads: RefCell::default(),
    };
    let schema = load("f59.thrift", &sources, &Options::default()).expect("nothing is wrong");
    assert_eq!(schema.programs.len(), 60);
    assert!(schema.warnings.is_empty());
    let reads = sources.reads.borrow();
    assert_eq!((reads.len(), reads.values().sum::<usize>()), (60, 60));
}
