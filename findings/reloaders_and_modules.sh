#!/bin/sh
# A module that is put into sys.modules by hand, with a __file__ (a loader of IDL, templates or notebooks does so), is
# watched by werkzeug's reloader and silently not by Django's: that reads __spec__, and passes over modules without one,
# and over those whose spec has no location. A library that sets __file__ alone reloads under Flask only.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'Django==5.2.19' 'Werkzeug==3.1.9'
cat > "$folder/look.py" <<'PROGRAM'
import pathlib
import sys
import types
from importlib.machinery import ModuleSpec
from importlib.metadata import version

from django.utils.autoreload import iter_all_python_module_files
from werkzeug._reloader import _find_stat_paths

folder = pathlib.Path(sys.argv[1]).resolve()
specs = {
    "file_alone": lambda name, path: None,
    "spec_with_origin": lambda name, path: ModuleSpec(name, None, origin=path),
    "spec_with_location": lambda name, path: located(ModuleSpec(name, None, origin=path)),
}


def located(spec):
    spec.has_location = True
    return spec


for name, make in specs.items():
    path = folder / f"{name}.idl"
    path.write_text("")
    module = types.ModuleType(name)
    module.__file__ = str(path)
    module.__spec__ = make(name, str(path))
    sys.modules[name] = module

django = {str(path) for path in iter_all_python_module_files()}
werkzeug = set(_find_stat_paths(set(), set()))
print(f"Django {version('Django')}, Werkzeug {version('Werkzeug')}, Python {sys.version.split()[0]}")
seen = {}
for name in specs:
    path = str(folder / f"{name}.idl")
    seen[name] = (path in werkzeug, path in django)
    print(f"{name}: watched by werkzeug: {seen[name][0]}, by Django: {seen[name][1]}")
expected = {
    "file_alone": (True, False),
    "spec_with_origin": (True, False),
    "spec_with_location": (True, True),
}
sys.exit(0 if seen == expected else "the behaviour has changed")
PROGRAM
"$folder/venv/bin/python" "$folder/look.py" "$folder"
