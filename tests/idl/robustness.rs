//! No text makes the front end panic or run forever.

use fastthrift::idl::TokenKind;
use fastthrift::idl::lexer::Lexer;

use crate::fixtures::fixtures;
use crate::invariants::{check_loading, check_parsing, check_printing};

fn exercise(bytes: &[u8]) {
    check_parsing(bytes);
    check_loading(bytes);
    check_printing(bytes);
}

fn all_fixtures() -> Vec<Vec<u8>> {
    ["good", "bad"]
        .into_iter()
        .flat_map(fixtures)
        .map(|path| std::fs::read(path).expect("the fixture can be read"))
        .collect()
}

#[test]
fn every_prefix_of_every_fixture() {
    for bytes in all_fixtures() {
        for length in 0..bytes.len() {
            exercise(&bytes[..length]);
        }
    }
}

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }
}

const PIECES: [&str; 46] = [
    "struct ",
    "enum ",
    "service ",
    "const ",
    "typedef ",
    "include ",
    "union ",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ",",
    ";",
    ":",
    "=",
    "\"",
    "'",
    "\\",
    "/*",
    "*/",
    "//",
    "#",
    "\n",
    " ",
    "A",
    "a.b",
    "1",
    "-1",
    "1.5",
    "i32 ",
    "list<",
    "map<",
    "required ",
    "throws ",
    "@A ",
    "@a.B{c = ",
    "A{b = ",
    "package ",
    "interaction ",
    "stream<",
    "\u{e9}",
    "\0",
];

#[test]
fn random_changes_of_every_fixture() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for original in all_fixtures() {
        for _ in 0..60 {
            let mut bytes = original.clone();
            for _ in 0..=random.below(6) {
                let at = random.below(bytes.len() + 1);
                match random.below(4) {
                    0 if at < bytes.len() => bytes[at] = random.below(256) as u8,
                    1 if at < bytes.len() => {
                        let end = (at + 1 + random.below(12)).min(bytes.len());
                        bytes.drain(at..end);
                    }
                    2 => {
                        let from = random.below(bytes.len() + 1);
                        let to = (from + random.below(40)).min(bytes.len());
                        let copy = bytes[from..to].to_vec();
                        bytes.splice(at..at, copy);
                    }
                    _ => {
                        let piece = PIECES[random.below(PIECES.len())];
                        bytes.splice(at..at, piece.bytes());
                    }
                }
            }
            exercise(&bytes);
        }
    }
}

#[test]
fn random_pieces() {
    let mut random = Random(0x0123_4567_89ab_cdef);
    for _ in 0..2000 {
        let text: String = (0..random.below(40))
            .map(|_| PIECES[random.below(PIECES.len())])
            .collect();
        exercise(text.as_bytes());
    }
}

const COMMENTS: [&str; 7] = [
    "/* block */",
    "/** doc */",
    "/**/",
    "/* two\r\n * lines */",
    "// line\n",
    "\n\n# shell\r\n",
    "\n/** doc on a line */\n",
];

#[test]
fn comments_between_any_words_of_a_fixture_are_printed() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut printed = 0;
    for original in all_fixtures() {
        let Ok(text) = std::str::from_utf8(&original) else {
            continue;
        };
        for round in 0..40 {
            let mut commented = String::new();
            for token in Lexer::new(text) {
                // In some rounds few, so that each stands alone, and in some many.
                if token.kind != TokenKind::ByteOrderMark && random.below(2 + round) == 0 {
                    commented.push_str(COMMENTS[random.below(COMMENTS.len())]);
                }
                commented.push_str(&text[token.span.range()]);
            }
            printed += usize::from(check_printing(commented.as_bytes()));
        }
    }
    assert!(printed > 1000, "only {printed} texts are without mistakes");
}
