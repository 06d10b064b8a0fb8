enum Lang { CPP = 0, Python, Ruby = 2 }
enum Other { Perl = 9 }
const Lang A = 3
const Lang B = Lang.Pyton
const Lang C = Other.Perl
const Lang D = NINE
const i32 NINE = 9
const i32 E = Lang.Missing
struct Uses { 1: Lang lang = 7 }
enum Huge { A = 99999999999999999999, B = 9223372036854775807, C }
