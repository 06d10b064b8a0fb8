// What containers hold is of the declared type.
// thriftpy2 differs at SET: it does not cast what a set holds
// thriftpy2 differs at ONE: it does not cast what a list in a struct holds
// thriftpy2 differs at meta: the same constants
const list<double> DOUBLES = [1, 2.5, 3]
const map<string, double> BY_NAME = {"one": 1}
const list<bool> BOOLS = [0, 1, true]
const set<double> SET = [1, 2]
struct Measure {
  1: double value
  2: list<double> samples
}
const Measure ONE = {"value": 1, "samples": [1, 2]}
