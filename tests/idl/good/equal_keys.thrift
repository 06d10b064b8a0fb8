// Of equal keys the last counts, and equal elements are one in a set.
const map<string, i32> MAP = {"a": 1, "b": 2, "a": 3}
const set<i32> SET = [1, 2, 2]
