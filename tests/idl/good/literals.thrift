// Quoted texts, with escapes and the other quotes inside.
const string EMPTY = ""
const string DOUBLE = "it's"
const string SINGLE = 'say "it"'
const string TAB = "a\tb"
const string LINES = "a\r\nb"
const string BACKSLASH = "C:\\temp"
const string QUOTES = "\"\'"
const string SINGLE_QUOTES = '\'\"'
const string NOT_A_COMMENT = "/* // # */"
const string UNICODE = "häßlich ☃ 𝄞"
const binary BYTES = "bytes"
const list<string> MANY = ["a", 'b' "c"]
struct A { 1: string text = "tab\there", 2: binary data = 'x' }
