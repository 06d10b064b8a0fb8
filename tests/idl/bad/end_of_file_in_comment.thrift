struct A {} /* never closed
