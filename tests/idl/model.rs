//! Rules of the model that thriftpy2's own tests or Apache's compiler fix.

use fastthrift::idl::DiagnosticKind;
use fastthrift::schema::{
    Memory, Options, ProgramId, Reserved, Schema, StructKind, Type, Value, load,
};

use crate::dump;

fn schema(text: &str) -> Schema {
    match load(
        "any.thrift",
        &Memory::text("any.thrift", text),
        &Options::default(),
    ) {
        Ok(schema) => schema,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

/// The value of the last constant of a text.
fn last_constant(text: &str) -> String {
    let schema = schema(text);
    let constant = schema.consts.last().expect("there is a constant");
    dump::value(&schema, &constant.value)
}

fn refusal(text: &str) -> (DiagnosticKind, String) {
    let sources = Memory::text("any.thrift", text);
    let options = Options {
        reserved: Reserved::Refuse,
        ..Options::default()
    };
    let diagnostics = load("any.thrift", &sources, &options).expect_err("it is wrong");
    let first = diagnostics.iter().find(|diagnostic| diagnostic.is_error());
    let first = first.expect("there is an error");
    (first.kind(), first.thriftpy2_text().to_owned())
}

#[test]
fn automatic_field_ids_go_down_from_minus_one_in_each_list() {
    let ids = |text: &str| -> Vec<i32> {
        let schema = schema(text);
        schema.structs[0]
            .fields
            .iter()
            .map(|field| field.id)
            .collect()
    };
    assert_eq!(
        ids("struct A { string a; 1: i32 b; string c }"),
        [-1, 1, -2]
    );
    // Where thriftpy2 sees a duplicate, Apache's compiler goes on.
    assert_eq!(ids("struct A { -1: i32 a, i32 b }"), [-1, -2]);
    let schema =
        schema("service S { void f(i32 a, i32 b) throws (X x), void g(i32 a) } exception X {}");
    let functions = &schema.services[0].functions;
    let ids: Vec<i32> = functions[0]
        .arguments
        .iter()
        .map(|field| field.id)
        .collect();
    assert_eq!(ids, [-1, -2]);
    assert_eq!(functions[0].throws[0].id, -1);
    assert_eq!(functions[1].arguments[0].id, -1);
}

#[test]
fn definitions_keep_their_order_and_lines() {
    let schema = schema("const i32 A = 1\n\nenum\n  B { X }\nunion C {\n\n 1: i32\n a }\n");
    assert_eq!(schema.programs[0].definitions.len(), 3);
    assert_eq!(schema.consts[0].line, 1);
    assert_eq!(
        (schema.enums[0].line, schema.enums[0].items[0].line),
        (4, 4)
    );
    assert_eq!(
        (schema.structs[0].line, schema.structs[0].fields[0].line),
        (5, 8)
    );
    assert_eq!(schema.structs[0].kind, StructKind::Union);
}

#[test]
fn typedefs_are_seen_through() {
    let schema = schema("typedef list<A> B typedef i32 A struct S { 1: B b, 2: A a }");
    let fields = &schema.structs[0].fields;
    let Type::List(element) = &fields[0].ty else {
        panic!("{:?}", fields[0].ty);
    };
    assert_eq!(**element, Type::I32);
    assert_eq!(fields[1].ty, Type::I32);
}

#[test]
fn values_are_cast_to_their_types() {
    assert_eq!(last_constant("const bool A = 1"), "true");
    assert_eq!(last_constant("const double A = 1"), "1.0");
    assert_eq!(last_constant("const list<double> A = [1, 2]"), "[1.0, 2.0]");
    assert_eq!(last_constant("const set<i32> A = {}"), "set[]");
    assert_eq!(last_constant("enum E { X = 4 } const E A = E.X"), "4");
    assert_eq!(
        last_constant("struct S { 1: double a } const map<string, S> A = {'k': {'a': 1}}"),
        "{\"k\": S(a=1.0)}"
    );
}

#[test]
fn a_default_may_stand_in_for_a_required_field() {
    let text = "struct S { 1: required i32 a = 5 } const S A = {}";
    assert_eq!(last_constant(text), "S()");
}

#[test]
fn integers_may_be_of_any_size() {
    let schema = schema("const i64 A = -18446744073709551616");
    assert_eq!(
        schema.consts[0].value,
        Value::BigInt("-18446744073709551616".into())
    );
}

#[test]
fn json_says_what_that_of_apaches_compiler_cannot() {
    let schema = schema(
        "const map<list<i32>, string> A = {[1]: '\"\\\\\\n\u{1}'}\n\
         const i64 B = 0x10000000000000000\n\
         const double C = 1e400\n\
         const map<bool, double> D = {true: 1}",
    );
    let json = schema.json(ProgramId(0));
    for value in [
        r#""value":{"[1]":"\"\\\n\u0001"}"#,
        r#""value":"0x10000000000000000""#,
        r#""value":1e999"#,
        r#""value":{"1":1.0}"#,
    ] {
        assert!(json.contains(value), "{value} is not in {json}");
    }
}

/// Texts that are wrong, and thriftpy2 0.7.1's exception for each.
const REFUSALS: &[(&str, DiagnosticKind, &str)] = &[
    (
        "struct A {}}",
        DiagnosticKind::Grammar,
        "Grammar error '}' at line 1 of the file 'any.thrift'",
    ),
    (
        "const i32 a =",
        DiagnosticKind::Grammar,
        "Grammar error at EOF of the file 'any.thrift'",
    ),
    (
        "const i32 a = )",
        DiagnosticKind::Grammar,
        "Grammar error ')' at line 1 of the file 'any.thrift'",
    ),
    (
        "struct A { 1: i32 5 }",
        DiagnosticKind::Grammar,
        "Grammar error 5 at line 1 of the file 'any.thrift'",
    ),
    (
        "struct A { 1: i32 1e20 }",
        DiagnosticKind::Grammar,
        "Grammar error 1e+20 at line 1 of the file 'any.thrift'",
    ),
    (
        "struct A { 1: i32 \"it's\" }",
        DiagnosticKind::Grammar,
        "Grammar error \"it's\" at line 1 of the file 'any.thrift'",
    ),
    (
        "struct A { 1: i32 true }",
        DiagnosticKind::Grammar,
        "Grammar error True at line 1 of the file 'any.thrift'",
    ),
    (
        "\n$",
        DiagnosticKind::Lexer,
        "Illegal character '$' at line 2",
    ),
    (
        "const string a = '\\q'",
        DiagnosticKind::Lexer,
        "Unexpected escaping character: q",
    ),
    (
        "const i32 next = 1",
        DiagnosticKind::Lexer,
        "Cannot use reserved language keyword: 'next' at line 1",
    ),
    (
        "struct A { 1: B b }",
        DiagnosticKind::Parser,
        "No type found: 'B', at line 1",
    ),
    (
        "const i32 a = b",
        DiagnosticKind::Parser,
        "Can't find name 'b' at line 1",
    ),
    (
        "struct A {} const A a = A",
        DiagnosticKind::Parser,
        "No enum value or constant found named 'A'",
    ),
    (
        "const i32 a = 1.5",
        DiagnosticKind::Parser,
        "Type error for constant a at line 1",
    ),
    (
        "struct A {\n1: i32 a = 'x'\n}",
        DiagnosticKind::Parser,
        "Type error for field a at line 2",
    ),
    (
        "enum E { X } const E a = 3",
        DiagnosticKind::Parser,
        "Couldn't find a named value in enum E for value 3",
    ),
    (
        "struct A { 1: required i32 x } const A a = {}",
        DiagnosticKind::Parser,
        "Field 'x' was required to create constant for type 'A'",
    ),
    (
        "struct A {} const A a = {'y': 1}",
        DiagnosticKind::Parser,
        "No field named 'y' was found in struct of type 'A'",
    ),
    (
        "struct A {} struct A {}",
        DiagnosticKind::Grammar,
        "'A' type is already defined in 'structs'",
    ),
    (
        "struct A { 1: i32 a, 1: i32 b }",
        DiagnosticKind::Grammar,
        "'1:b' field identifier/name has already been used",
    ),
    (
        "service S { void f() void f() }",
        DiagnosticKind::Grammar,
        "'f' function is already defined in service 'S'",
    ),
    (
        "service S extends T {}",
        DiagnosticKind::Parser,
        "Can't find service 'T' for service 'S' to extend",
    ),
    (
        "struct T {} service S extends T {}",
        DiagnosticKind::Parser,
        "Can't extends 'T', not a service",
    ),
];

#[test]
fn refusals_have_thriftpy2s_kind_and_text() {
    for (text, kind, expected) in REFUSALS {
        assert_eq!(refusal(text), (*kind, (*expected).to_owned()), "{text}");
    }
}

#[test]
fn a_schema_may_be_made_in_one_thread_and_used_in_others() {
    fn shared<T: Send + Sync>(value: T) -> T {
        value
    }
    let schema = shared(schema("struct A { 1: list<A> a }"));
    let name = std::thread::spawn(move || schema.structs[0].name.clone()).join();
    assert_eq!(name.expect("the thread ends"), "A");
}
