const i32 A = 1.5
const i32 B = "text"
const string C = 5
const double D = "1"
const bool E = "yes"
const bool F = 1.0
const list<i32> G = {"a": 1}
const map<string, i32> H = [1]
const list<i32> I = [1, "two", 3.0]
const map<string, i32> J = {1: 2, "a": "b"}
const set<string> K = {"a": 1}
const uuid L = "not a uuid"
struct Point { 1: i32 x }
const Point M = [1]
const Point N = {"x": "y"}
const Point O = {1: 2}
const i32 P = M_POINT
const Point M_POINT = {"x": 1}
struct Defaults { 1: i32 a = "a", 2: Point b = 5, 3: list<string> c = [1] }
const i32 Q = D_CONST
const double D_CONST = 2.5
enum Colour { RED = 1 }
const Colour R = "RED"
