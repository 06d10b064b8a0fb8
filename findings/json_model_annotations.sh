#!/bin/sh
# Apache's compiler 0.17.0, `--gen json`: the annotations that a field's type has in the model are
# not those that are written at the field's type.
#
# Those of a base type, at the field or at a typedef, are nowhere in the model; those of an enum stand
# at no type that names it; those of a struct stand at every type that names it, as if each field
# had been annotated; those of a container stand there, also through a typedef. So a program that goes
# by a model's annotations (units, formats, what to redact) misses all that stand at i32 or string, and
# takes a struct's for the field's. Needs python3, and apt for Debian's thrift-compiler.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"

apt-get download -qq thrift-compiler=0.17.0-2+b2 2>/dev/null
dpkg-deb -x thrift-compiler_*.deb compiler
compiler/usr/bin/thrift --version

cat > shapes.thrift <<'IDL'
typedef i32 (unit = "ms") Millis
typedef list<i32> (order = "ascending") Sorted
struct Point { 1: i32 x } (layout = "packed")
enum Color { RED } (palette = "web")

struct Shape {
  1: i32 (unit = "s") age
  2: Millis delay
  3: Color color
  4: Point origin
  5: list<Point> (order = "clockwise") corners
  6: Sorted ranks
}
IDL
compiler/usr/bin/thrift --gen json --out . shapes.thrift

cat > run.py <<'PYTHON'
import json

with open("shapes.json") as file:
    model = json.load(file)
fields = model["structs"][1]["fields"]
found = {}
for field in fields:
    kind = field.get("type") or {}
    inner = kind.get("elemType") or {}
    found[field["name"]] = kind.get("annotations"), inner.get("annotations")
    print(f"{field['name']:8} its type has {found[field['name']][0]}, its elements {found[field['name']][1]}")
typedefs = {each["name"]: each for each in model["typedefs"]}
print("Millis:", typedefs["Millis"])
print("Color:", {name: value for name, value in model["enums"][0].items() if name != "members"})
packed = {"layout": "packed"}
assert found == {
    "age": (None, None),
    "delay": (None, None),
    "color": (None, None),
    "origin": (packed, None),
    "corners": ({"order": "clockwise"}, packed),
    "ranks": ({"order": "ascending"}, None),
}
assert "unit" not in json.dumps(model)
assert model["enums"][0]["annotations"] == {"palette": "web"}
PYTHON
python3 run.py
