#!/bin/sh
# A metaclass that declares __match_args__, for the classes whose own nobody can write down, hides
# those that classes do declare from pyright: a class pattern with positions "expects 0", and what
# stands behind it is taken for code that is never reached. mypy looks at the class first, as Python
# does, and the program runs.
# Exits with 1 when it is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip --disable-pip-version-check --quiet install mypy==1.18.2 'pyright[nodejs]==1.1.406'

cat > points.py <<'PYTHON'
from typing import Any


class Meta(type):
    __match_args__: Any


class Point(metaclass=Meta):
    __match_args__ = ("x", "y")

    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y


def total(point: Point) -> int:
    match point:
        case Point(x, y):
            return x + y
    raise AssertionError


print("runs:", total(Point(1, 2)))
PYTHON
venv/bin/python points.py
venv/bin/mypy --version
venv/bin/mypy --strict points.py
PYRIGHT_PYTHON_IGNORE_WARNINGS=1 venv/bin/pyright --version
if PYRIGHT_PYTHON_IGNORE_WARNINGS=1 venv/bin/pyright points.py > said; then
    cat said
    exit 1
fi
cat said
grep -q 'Too many positional patterns for class "Point"; expected 0 but received 2' said
