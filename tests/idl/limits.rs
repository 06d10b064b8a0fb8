//! Files made to exhaust the stack or the memory are errors, and ordinary ones
//! take little of it.

use std::fmt::Write;

use fastthrift::idl::{Code, Diagnostic, MAX_NESTING, render, syntax};
use fastthrift::schema::{self, Memory, Options, Schema, load};

use crate::invariants::{check_loading, check_parsing, check_printing};

const DEEP: usize = 100_000;

fn load_text(text: &str) -> Result<Schema, Vec<Diagnostic>> {
    load(
        "any.thrift",
        &Memory::text("any.thrift", text),
        &Options::default(),
    )
}

fn errors(text: &str) -> Vec<Code> {
    let diagnostics = load_text(text).expect_err("the text is wrong");
    let errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error());
    errors.map(|diagnostic| diagnostic.code).collect()
}

/// Of fields, types and items there are thousands: a few words more in each are
/// felt in the time of a load.
#[test]
fn nodes_are_small() {
    assert!(size_of::<syntax::Field>() <= 120);
    assert!(size_of::<syntax::Type>() <= 32);
    assert!(size_of::<syntax::EnumItem>() <= 56);
    assert!(size_of::<schema::Field>() <= 80);
    assert!(size_of::<schema::EnumItem>() <= 56);
}

#[test]
fn deep_types() {
    let text = format!("typedef {}i32{} A", "list<".repeat(DEEP), ">".repeat(DEEP));
    assert_eq!(errors(&text)[0], Code::NestedTooDeeply);
    assert_eq!(
        errors(&format!("typedef {}", "map<".repeat(DEEP)))[0],
        Code::NestedTooDeeply
    );
}

#[test]
fn deep_values() {
    for (open, close) in [("[", "]"), ("{", "}"), ("{1:", "}")] {
        let text = format!("const i32 A = {}{}", open.repeat(DEEP), close.repeat(DEEP));
        let codes = errors(&text);
        let expected = [Code::NestedTooDeeply, Code::Syntax];
        assert!(expected.contains(&codes[0]), "{open}: {:?}", codes[0]);
    }
}

#[test]
fn deep_brackets_of_other_kinds() {
    for piece in [
        "(",
        "struct A {",
        "1: A a xsd_attrs {",
        "service S { void f(",
        "a.",
        "<",
        "\\",
    ] {
        assert!(!errors(&format!("struct X {{ {}", piece.repeat(DEEP))).is_empty());
    }
}

#[test]
fn long_chains_of_definitions() {
    // Backwards there is nothing to wait for.
    let mut text = "typedef i32 T0\nconst T0 C0 = 1\n".to_owned();
    for index in 1..20_000 {
        let before = index - 1;
        writeln!(
            text,
            "typedef T{before} T{index}\nconst T{index} C{index} = C{before}"
        )
        .unwrap();
    }
    assert!(load_text(&text).is_ok());

    // Forwards each waits for the next.
    let mut text = String::new();
    for index in 0..20_000 {
        let next = index + 1;
        writeln!(
            text,
            "typedef T{next} T{index}\nconst i32 C{index} = C{next}"
        )
        .unwrap();
    }
    text.push_str("typedef i32 T20000\nconst i32 C20000 = 1\n");
    assert!(errors(&text).contains(&Code::NestedTooDeeply));
}

#[test]
fn long_chains_of_defaults() {
    // An object of each has the objects of all behind it.
    let chain = |count: usize, forwards: bool| {
        let mut lines: Vec<_> = (0..count)
            .map(|index| format!("struct S{index} {{ 1: S{} next = {{}} }}\n", index + 1))
            .collect();
        lines.push(format!("struct S{count} {{ 1: i32 last = 1 }}\n"));
        if !forwards {
            lines.reverse();
        }
        lines.concat()
    };
    for forwards in [true, false] {
        assert!(load_text(&chain(MAX_NESTING as usize, forwards)).is_ok());
        let deeper = chain(MAX_NESTING as usize + 1, forwards);
        assert_eq!(errors(&deeper), [Code::NestedTooDeeply]);
        assert_eq!(errors(&chain(20_000, forwards)), [Code::NestedTooDeeply]);
    }
    // What needs itself is there without its defaults.
    assert!(load_text("struct A { 1: B b = {} } struct B { 1: A a = {} }").is_ok());
}

#[test]
fn forgotten_quotes_are_looked_for_once() {
    for piece in [
        "'a\n \\'a\n",
        "\"a\n'b\n",
        "'\\\n",
        "\"\"\"\n'",
        "(a = 'x\n",
    ] {
        assert!(!errors(&piece.repeat(DEEP)).is_empty(), "{piece:?}");
        assert!(!errors(&format!("package; {}", piece.repeat(DEEP))).is_empty());
    }
}

#[test]
fn types_that_double() {
    let mut text = "typedef map<i32, i32> T0\n".to_owned();
    for index in 1..100 {
        let before = index - 1;
        writeln!(text, "typedef map<T{before}, T{before}> T{index}").unwrap();
    }
    assert_eq!(errors(&text)[0], Code::NestedTooDeeply);
}

#[test]
fn constants_that_double() {
    let mut text = "struct S { 1: S a, 2: S b }\nconst S C0 = {}\n".to_owned();
    for index in 1..100 {
        let before = index - 1;
        writeln!(
            text,
            "const S C{index} = {{'a': C{before}, 'b': C{before}}}"
        )
        .unwrap();
    }
    assert_eq!(errors(&text)[0], Code::ConstantTooLarge);
}

#[test]
fn constants_that_deepen() {
    let mut text = "struct S { 1: S a }\nconst S C0 = {}\n".to_owned();
    for index in 1..1000 {
        writeln!(text, "const S C{index} = {{'a': C{}}}\n", index - 1).unwrap();
    }
    assert_eq!(errors(&text)[0], Code::NestedTooDeeply);
}

#[test]
fn includes_that_double_under_one_name() {
    // Each name can be reached by two ways, and so on: 2^40 in all.
    let mut sources = Memory::new()
        .with("d40/x.thrift", "")
        .with("e40/x.thrift", "");
    for depth in 0..40 {
        let next = depth + 1;
        let text = format!("include \"d{next}/x.thrift\"\ninclude \"e{next}/x.thrift\"\n");
        for letter in ["d", "e"] {
            sources = sources.with(format!("{letter}{depth}/x.thrift"), text.clone());
        }
    }
    let name = "x.".repeat(40);
    let text = format!("include \"d0/x.thrift\"\nstruct S {{ 1: {name}Missing a }}\n");
    let sources = sources.with("root.thrift", text);
    let diagnostics = load("root.thrift", &sources, &Options::default()).expect_err("no such type");
    assert_eq!(diagnostics[0].code, Code::UnknownType);
}

#[test]
fn a_chain_of_many_includes() {
    let mut sources = Memory::new().with("f5000.thrift", "struct Last {}");
    for index in 0..5000 {
        let next = index + 1;
        let text = format!("include \"f{next}.thrift\"\nstruct S {{ 1: i32 a }}\n");
        sources = sources.with(format!("f{index}.thrift"), text);
    }
    let schema = load("f0.thrift", &sources, &Options::default()).expect("nothing is wrong");
    assert_eq!(schema.programs.len(), 5001);
}

/// Everything that makes the front end call itself, at and beyond its limit.
fn nesting() -> Vec<String> {
    let mut texts = Vec::new();
    for levels in [MAX_NESTING as usize - 1, MAX_NESTING as usize, 2000] {
        let repeat = |text: &str| text.repeat(levels);
        texts.extend([
            format!("typedef {}i32{} A", repeat("list<"), repeat(">")),
            format!("typedef {}i32{} A", repeat("map<i32, "), repeat(">")),
            format!("const i32 A = {}{}", repeat("["), repeat("]")),
            format!("const i32 A = {}1{}", repeat("{1: "), repeat("}")),
            format!("const i32 A = {}{}", repeat("A{a = "), repeat("}")),
            format!("{} struct A {{}}", repeat("@A{a = [")),
            format!("struct A {{ {}", repeat("1: A a xsd_attrs { ")),
            format!(
                "struct S {{ 1: S a }} const S A = {}{}",
                repeat("{'a': "),
                repeat("}")
            ),
            format!(
                "struct S {{ 1: S a }} const S A = {}{}",
                repeat("S{a = "),
                repeat("}")
            ),
            format!(
                "const {}i32{} A = {}{}",
                repeat("list<"),
                repeat(">"),
                repeat("["),
                repeat("]")
            ),
        ]);
    }
    // Names that wait for each other, through all kinds of definitions.
    for levels in [50, 100, 150, 1000] {
        let mut types = String::new();
        let mut values = String::from("struct S { 1: S a, 2: i32 b }\n");
        for index in 0..levels {
            let next = index + 1;
            writeln!(types, "typedef list<T{next}> T{index}").unwrap();
            writeln!(values, "const S C{index} = S{{a = C{next}}}").unwrap();
        }
        writeln!(types, "typedef i32 T{levels}").unwrap();
        writeln!(values, "const S C{levels} = {{'b': 1}}").unwrap();
        texts.extend([types, values]);
    }
    texts
}

#[test]
fn a_small_stack_is_enough_for_any_nesting() {
    let run = || {
        for text in nesting() {
            check_parsing(text.as_bytes());
            check_loading(text.as_bytes());
            check_printing(text.as_bytes());
        }
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10);
    thread
        .spawn(run)
        .expect("a thread can be made")
        .join()
        .expect("no overflow");
}

#[test]
fn many_mistakes_on_one_line_are_shown_in_part() {
    let text = format!("struct A {{ {} }}", "1: $ é, ".repeat(50_000));
    let diagnostics = load_text(&text).expect_err("the text is wrong");
    assert_eq!(diagnostics.len(), 101);
    let last = diagnostics.last().expect("there is one");
    assert_eq!(last.code, Code::NotShown);
    assert!(last.message.contains("more errors"), "{}", last.message);
    let shown = render(&diagnostics[50]);
    assert!(shown.len() < 1000, "{shown}");
    assert!(shown.contains("any.thrift:1:"), "{shown}");
    assert!(shown.contains('^'), "{shown}");
}

#[test]
fn what_is_told_grows_with_the_text() {
    // Each of n values lacks n fields.
    let fields: Vec<String> = (1..1000)
        .map(|id| format!("{id}: required i32 f{id}"))
        .collect();
    let mut text = format!("struct S {{ {} }}\n", fields.join(", "));
    for index in 0..1000 {
        writeln!(text, "const S C{index} = {{}}").unwrap();
    }
    let diagnostics = load_text(&text).expect_err("fields are missing");
    assert_eq!(diagnostics[5].position().line, 3);
    assert_eq!(
        diagnostics[100].message,
        "4900 more errors from here on are not shown"
    );
}

#[test]
fn many_warnings_are_counted() {
    let fields: Vec<String> = (0..500).map(|index| format!("i32 f{index}")).collect();
    let schema =
        load_text(&format!("struct A {{\n{}\n}}", fields.join("\n"))).expect("nothing is wrong");
    assert_eq!(schema.warnings.len(), 101);
    assert!(schema.warnings.iter().all(|warning| !warning.is_error()));
    assert_eq!(
        schema.warnings[100].message,
        "400 more warnings from here on are not shown"
    );
}
