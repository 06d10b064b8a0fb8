// Lists, sets and maps as elements of sets and as keys of maps.
// apache cannot say: JSON has no containers as keys
// thriftpy2 refuses: Python lists are no keys
const set<list<i32>> LISTS = [[1, 2], [3]]
const set<set<i32>> SETS = [[1, 2], [3]]
const set<map<string, list<i32>>> MAPS = [{"a": [1]}, {}]
const map<list<i32>, string> LIST_KEYS = {[1, 2]: "a", []: "b"}
const map<map<i32, i32>, string> MAP_KEYS = {{1: 2}: "a"}
