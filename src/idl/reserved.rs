//! The words that thriftpy2 refuses as names because some target language
//! keeps them for itself.

/// Sorted, so that those with one first character stand together.
const RESERVED: [&str; 102] = [
    "BEGIN",
    "END",
    "__CLASS__",
    "__DIR__",
    "__FILE__",
    "__FUNCTION__",
    "__LINE__",
    "__METHOD__",
    "__NAMESPACE__",
    "abstract",
    "alias",
    "and",
    "args",
    "as",
    "assert",
    "begin",
    "break",
    "case",
    "catch",
    "class",
    "clone",
    "continue",
    "declare",
    "def",
    "default",
    "del",
    "delete",
    "do",
    "dynamic",
    "elif",
    "else",
    "elseif",
    "elsif",
    "end",
    "enddeclare",
    "endfor",
    "endforeach",
    "endif",
    "endswitch",
    "endwhile",
    "ensure",
    "except",
    "exec",
    "finally",
    "float",
    "for",
    "foreach",
    "from",
    "function",
    "global",
    "goto",
    "if",
    "implements",
    "import",
    "in",
    "inline",
    "instanceof",
    "interface",
    "is",
    "lambda",
    "module",
    "native",
    "new",
    "next",
    "nil",
    "not",
    "or",
    "pass",
    "print",
    "private",
    "protected",
    "public",
    "raise",
    "redo",
    "register",
    "rescue",
    "retry",
    "return",
    "self",
    "sizeof",
    "static",
    "super",
    "switch",
    "synchronized",
    "then",
    "this",
    "throw",
    "transient",
    "try",
    "undef",
    "unless",
    "unsigned",
    "until",
    "use",
    "var",
    "virtual",
    "volatile",
    "when",
    "while",
    "with",
    "xor",
    "yield",
];

/// Where the reserved words with a first character start, and where those with
/// the next one do.
const STARTS: [u8; 129] = {
    let mut starts = [0; 129];
    let mut first = 0;
    let mut index = 0;
    while first < starts.len() {
        while index < RESERVED.len() && (RESERVED[index].as_bytes()[0] as usize) < first {
            index += 1;
        }
        starts[first] = index as u8;
        first += 1;
    }
    starts
};

/// Whether thriftpy2 refuses this word as a name.
#[must_use]
pub fn is_reserved(word: &str) -> bool {
    match word.as_bytes().first() {
        Some(&first) if first.is_ascii() => {
            let [start, end] = [STARTS[first as usize], STARTS[first as usize + 1]];
            RESERVED[start as usize..end as usize].contains(&word)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_no_other() {
        assert!(RESERVED.is_sorted());
        assert!(RESERVED.iter().all(|word| is_reserved(word)));
        for word in [
            "",
            "a",
            "next_",
            "From",
            "é",
            "struct",
            "__NAMESPACE",
            "origin",
        ] {
            assert!(!is_reserved(word), "{word}");
        }
    }
}
