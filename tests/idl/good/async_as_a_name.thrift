// A word of Apache's older compilers, and of Python, as the name of a field.
// apache refuses: async is a word of its grammar, and no field name before 0.18
// thriftpy2 differs at Words: its __init__ is no Python, so the class is left unfinished
// thriftpy2 differs at meta: the unfinished class is not listed
struct Words {
  1: i32 async
}
