// Two names for one value.
enum Alias { A = 1, B = 1, C }
