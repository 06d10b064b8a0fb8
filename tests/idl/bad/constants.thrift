struct Cookbook { 1: required string name, 2: required i32 pages = 1, 3: required i32 price }
service S {}
const i32 A = MISSING
const Cookbook B = Cookbook
const i32 C = S
const i32 D = E
const i32 E = [F]
const i32 F = D
const Cookbook G = {}
const Cookbook H = {"name": "x", "price": 1, "nam": "y"}
const Cookbook I = {"nme": "x", "price": 1}
const map<string, string> J = {"name": "x"}
const Cookbook K = J
const i32 LIMIT = 5
const i32 L = LIMT
