struct Moment { 1: string text }
enum Level { A = 1 }
