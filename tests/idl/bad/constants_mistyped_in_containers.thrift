const list<i32> LIST = [1, "two"]
const map<string, i32> MAP = {"a": "b"}
const set<bool> SET = ["yes"]
