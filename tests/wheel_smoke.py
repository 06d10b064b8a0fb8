"""What an installed wheel must do, with nothing else in its environment.

Run by .ci/run outside the checkout; asserts nothing about speed or completeness.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import fastthrift
from fastthrift.protocol import TCompactProtocolFactory
from fastthrift.utils import deserialize, serialize

IDL = """
struct Person {
    1: required string name,
    2: optional list<i32> numbers = [],
}
"""


def main() -> None:
    installed = Path(fastthrift.__file__).resolve()
    assert installed.is_relative_to(Path(sys.prefix).resolve()), installed
    assert (installed.parent / "py.typed").exists()
    assert (installed.parent / "_core.pyi").exists()
    assert (installed.parent / "_core_codec.pyi").exists()

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "person.thrift")
        path.write_text(IDL)
        person_thrift = fastthrift.load(str(path))

    person = person_thrift.Person("Ann", [1, -1, 2**31 - 1])
    for factory in (None, TCompactProtocolFactory()):
        message = serialize(person, factory)
        assert deserialize(person_thrift.Person(), message, factory) == person
    print(f"fastthrift {fastthrift.__version__}, Python {sys.version.split()[0]}: {person}")


if __name__ == "__main__":
    main()
