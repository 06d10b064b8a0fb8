"""What fbthrift's files have beyond Apache's grammar, as modules; and what is told of any file."""

from __future__ import annotations

import io
import itertools
import re
import subprocess
from pathlib import Path
from typing import Any

import fastthrift
import pytest
from fastthrift import _core
from fastthrift.parser.exc import ThriftGrammarError, ThriftParserError

_serial = itertools.count()


def load(text: str, **options: Any) -> Any:
    return fastthrift.load_fp(io.StringIO(text), f"fbthrift_{next(_serial)}_thrift", **options)


def errors(text: str, **files: str) -> list[Any]:
    with pytest.raises(ThriftParserError) as caught:
        load(text, resolver={f"{name}.thrift": source for name, source in files.items()})
    return [found for found in caught.value.diagnostics if found.severity == "error"]


def test_a_file_of_today() -> None:
    module = load("""
        @thrift.AllowLegacyMissingUris
        package;
        struct V { 1: i32 a }
        struct S { 1: V (cpp.type = "x") v (kept = "yes"), 2: list<V (a = "b")> l }
        const uuid A = "{00112233-4455-6677-8899-aaBBccDDeeFF}"
        struct U { 1: uuid a = A }
        struct W { 1: i32 from, 2: string function }
    """)
    value = module.S(v=module.V(1), l=[module.V(2)])
    assert fastthrift.decode(module.S, fastthrift.encode(value)) == value
    assert module.U().a == module.A
    assert vars(module.W(from_=1, function="f")) == {"from_": 1, "function": "f"}
    # Those of types are not kept, as in thriftpy2; those of the field are.
    assert module.S.__thrift_field_annotations__ == {"v": {"kept": "yes"}}


def test_binary_and_hexadecimal_integers_in_either_case() -> None:
    module = load("""
        const i64 MOST = 0b111111111111111111111111111111111111111111111111111111111111111
        const list<i32> SOME = [-0B101, 0XfF, 0b0]
        enum Bit { FIRST = 0b1, THIRD = 0b100 }
    """)
    assert module.MOST == 2**63 - 1
    assert module.SOME == [-5, 255, 0]
    assert (module.Bit.FIRST, module.Bit.THIRD) == (1, 4)
    (error,) = errors("enum Bit { X = 0b" + 65 * "1" + " }")
    assert error.code == "number-out-of-range"


def test_functions_that_are_called_like_qualifiers() -> None:
    module = load("""service S {
        oneway void oneway(), readonly i32 readonly(), idempotent i32 idempotent()
    }""")
    assert module.S.thrift_services == ["oneway", "readonly", "idempotent"]
    assert module.S.oneway_result.oneway


def test_included_files_under_another_name() -> None:
    files = {
        "a/types.thrift": "struct A { 1: i32 a }\nconst i32 ONE = 1",
        "b/types.thrift": "struct B { 1: i32 b }",
    }
    text = """
        include "a/types.thrift" as first
        include "b/types.thrift" as class
        struct S { 1: first.A a = {"a": first.ONE}, 2: class.B b }
    """
    module = load(text, resolver=files)
    assert (module.S().a, module.class_.B(2).b) == (module.first.A(1), 2)
    assert not hasattr(module, "types")
    assert [found.code for found in errors(text + "const i32 X = types.ONE", **_stems(files))] == [
        "unknown-constant"
    ]


def _stems(files: dict[str, str]) -> dict[str, str]:
    return {name.removesuffix(".thrift"): text for name, text in files.items()}


def test_namespaces_are_quoted_and_empty() -> None:
    module = load("namespace cpp2 \"a.b\"\nnamespace py3 ''\nnamespace go c.d")
    assert module.__thrift_namespaces__ == {"cpp2": "a.b", "py3": "", "go": "c.d"}


@pytest.mark.parametrize("safety", ["", "safe"])
@pytest.mark.parametrize("kind", ["", "transient", "stateful", "permanent"])
@pytest.mark.parametrize("blame", ["", "client", "server"])
def test_exceptions_with_words_before_them(safety: str, kind: str, blame: str) -> None:
    module = load(f"{safety} {kind} {blame} exception Failed {{ 1: string message }}")
    with pytest.raises(module.Failed) as caught:
        raise module.Failed("why")
    assert caught.value.message == "why"


@pytest.mark.parametrize("words", ["client safe", "client server", "safe safe", "nice", "safe x"])
def test_other_words_before_exceptions(words: str) -> None:
    (found,) = errors(f"{words} exception Failed {{}}")
    assert found.code == "syntax"


def test_functions_that_may_be_called_again() -> None:
    module = load("""
        service S {
          readonly bool has(1: i64 id),
          idempotent void put(1: i64 id, 2: string data),
          readonly list<string> names()
        }
    """)
    assert module.S.thrift_services == ["has", "put", "names"]
    assert module.S.put_args(id=1, data="x").data == "x"
    assert not module.S.put_result.oneway


def test_texts_over_several_lines() -> None:
    module = load(
        'package "example.com/a"\n'
        'const string PLAIN = "one\n  two"\n'
        'const string TRIPLE = """say "no"\n"""\n'
        'const string ESCAPES = "\\x41\\u00e9 joi\\\nned"\n'
        'struct A { 1: string a (doc = "first\n second", name = "\\My\\Name") }\n'
    )
    assert (module.PLAIN, module.TRIPLE) == ("one\n  two", 'say "no"\n')
    assert module.ESCAPES == "Aé joined"
    annotations = module.A.__thrift_field_annotations__["a"]
    assert annotations == {"doc": "first\n second", "name": "\\My\\Name"}


def test_elsewhere_a_quote_was_forgotten() -> None:
    (found,) = errors('const string A = "one\ntwo"\nconst string B = "three"')
    assert (found.code, found.line, found.end_line) == ("unterminated-literal", 1, 1)
    (found,) = errors(r'const string A = "\x41"')
    assert found.code == "unknown-escape"
    found, *_ = errors('struct A {} (a = "one)\nconst i32 B = 1\nconst string C = "two"')
    assert (found.code, found.line) == ("unterminated-literal", 1)


def test_streams_and_interactions_are_refused_by_their_names() -> None:
    for text, word in (
        ("service S { stream<i32> f() }", "streams"),
        ("service S { i32, sink<i32, i32> f() }", "streams"),
        ("interaction I { void f() }", "interactions"),
    ):
        with pytest.raises(ThriftGrammarError) as caught:
            load(text)
        (found,) = caught.value.diagnostics
        assert (found.code, found.message) == ("unsupported", f"{word} are not supported")


# --- ids that are not positive


def test_the_warning_says_what_apaches_compiler_sends(tmp_path: Path) -> None:
    text = "struct A { 0: i32 a, -5: i32 b, 3: i32 c, i32 d, -1: i32 e, }"
    path = tmp_path / "ids.thrift"
    path.write_text(text)
    found = _core.load_schema(path, []).warnings
    warned = {
        text[item.column - 1 :].split(",")[0].split()[-1]: item.message
        for item in found
        if item.code == "non-positive-field-id"
    }
    subprocess.run(["thrift", "--gen", "py", "-out", tmp_path, path], check=True)
    written = (tmp_path / "ids" / "ttypes.py").read_text()
    sent = dict(re.findall(r"writeFieldBegin\('(\w)', TType\.\w+, (-?\d+)\)", written))
    assert [name[0] for name in warned] == ["a", "b", "e"]
    for name, message in warned.items():
        assert message.endswith(f"Apache's compiler sends {sent[name[0]]} instead")


# --- diagnostics


def test_a_name_without_the_prefix_of_its_file() -> None:
    other = "struct Only1 { 1: i32 a }\nconst i32 LIMIT = 1\nservice Base {}\nenum E { ONE = 1 }"
    for text, meant in (
        ("struct A { 1: Only1 a }", "b.Only1"),
        ("struct A { 1: list<Only1> a }", "b.Only1"),
        ("struct A { 1: Olny1 a }", "b.Only1"),
        ("const i32 A = LIMIT", "b.LIMIT"),
        ("const i32 A = E.ONE", "b.E.ONE"),
        ("service S extends Base {}", "b.Base"),
    ):
        (found,) = errors(f'include "b.thrift"\n{text}', b=other)
        assert found.hint == f"did you mean `{meant}`?", text


@pytest.mark.parametrize(
    "text",
    [
        "const i32 LIMIT_1 = LIMIT_2",
        "typedef Numbers Number",
        "service Base extends Bases {}",
        "const map<string, i32> MAP = {'a': MAPS}",
    ],
)
def test_what_is_being_defined_is_not_suggested(text: str) -> None:
    (found,) = errors(text)
    assert found.hint is None


@pytest.mark.parametrize(
    "header",
    [
        "include struct.thrift",
        'include union "a.thrift"',
        "namespace py struct",
        "namespace enum words",
        "namespace const x; namespace py y",
        "cpp_include service",
        "package exception",
        'include "b.thrift" as const',
        "namespace py a-b",
    ],
)
def test_a_broken_header_is_told_of_once(header: str) -> None:
    text = f"{header}\nstruct A {{ 1: i32 a }}\nstruct B {{ 1: A a }}"
    (found,) = errors(text, b="")
    assert found.line == 1
