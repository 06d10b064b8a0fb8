// apache hangs: it looks for the end of the comment for ever
struct A {} /* never closed
