// Lists, sets and maps within each other.
const list<i32> LIST = [1, 2, 3]
const list<list<string>> LISTS = [["a", "b"], [], ["c"]]
const set<i32> SET = [3, 1, 2]
const set<string> STRINGS = ["b", "a"]
const map<string, i32> MAP = {"a": 1, "b": 2}
const map<i32, list<string>> LISTS_BY_NUMBER = {1: ["a"], 2: []}
const map<string, map<string, bool>> MAPS = {"x": {"y": true, "z": false}}
const list<map<string, double>> DOUBLES = [{"half": 0.5}, {"one": 1.0}]
const list<i32> EMPTY_LIST = []
const set<i32> EMPTY_SET = []
const map<i32, i32> EMPTY_MAP = {}
