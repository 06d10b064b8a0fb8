//! The words that thriftpy2 refuses as names because some target language
//! keeps them for itself.

/// Sorted, so that a binary search finds a word.
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

/// For each first character the lengths of the reserved words that start with
/// it, one bit each. Most names are told apart from all of them by this alone.
const LENGTHS: [u32; 128] = {
    let mut lengths = [0; 128];
    let mut index = 0;
    while index < RESERVED.len() {
        let word = RESERVED[index].as_bytes();
        lengths[word[0] as usize] |= 1 << word.len();
        index += 1;
    }
    lengths
};

/// Whether thriftpy2 refuses this word as a name.
#[must_use]
pub fn is_reserved(word: &str) -> bool {
    let Some(&first) = word.as_bytes().first() else {
        return false;
    };
    let lengths = LENGTHS.get(first as usize).copied().unwrap_or(0);
    word.len() < 32 && lengths & (1 << word.len()) != 0 && RESERVED.binary_search(&word).is_ok()
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
