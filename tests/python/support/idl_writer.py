"""Writes IDL files at random, of what Apache's compiler and thriftpy2 agree on: everything is
defined before it is used, and enum values are named in full."""

from __future__ import annotations

import random

BASE_TYPES = ["bool", "byte", "i16", "i32", "i64", "double", "string", "binary"]


class Writer:
    """One file. ``lines`` is its text."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines = [f"namespace py generated_{seed}"]
        self.serial = 0
        self.enums: dict[str, list[str]] = {}
        # Name -> fields as (name, type, required).
        self.structs: dict[str, list[tuple[str, str, bool]]] = {}
        self.exceptions: list[str] = []
        self.typedefs: dict[str, str] = {}
        self.services: list[str] = []

    def name(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}{self.serial}"

    def blank(self) -> str:
        return self.random.choice([" ", " ", " ", "  ", "\t", " /* comment */ ", " // comment\n  "])

    def separator(self) -> str:
        return self.random.choice([",", ";", ""])

    def annotations(self) -> str:
        if self.random.random() < 0.8:
            return ""
        return self.random.choice([' (a = "b")', " (a.b = 'c', d = \"\")", ' (x = "it\'s";)'])

    # --- types and values

    def type(self, depth: int = 0) -> str:
        choice = self.random.random()
        if choice < 0.25 and depth < 3:
            kind = self.random.choice(["list", "set", "map"])
            if kind == "map":
                return f"map<{self.key_type()},{self.blank()}{self.type(depth + 1)}>"
            return f"{kind}<{self.type(depth + 1) if kind == 'list' else self.key_type()}>"
        named = [*self.enums, *self.structs, *self.typedefs]
        if choice < 0.5 and named:
            return self.random.choice(named)
        return self.random.choice(BASE_TYPES)

    def key_type(self) -> str:
        return self.random.choice(["i32", "i64", "string", *list(self.enums)[:2]])

    def value(self, ty: str, depth: int = 0) -> str | None:
        """A value of a type; None where the two would not agree on one."""
        ty = self.typedefs.get(ty, ty)
        number = self.random.randint(-100, 100)
        if ty == "bool":
            return self.random.choice(["true", "false", "0", "1"])
        if ty in ("byte", "i16", "i32", "i64"):
            return self.random.choice([str(number), hex(abs(number)), f"+{abs(number)}"])
        if ty == "double":
            return self.random.choice([f"{number}.5", f"{number}e2", ".25", f"{number}.0"])
        if ty in ("string", "binary"):
            return self.random.choice(['"text"', "'other'", r'"a\tb\\c"', r"'\"\''", '""', '"é"'])
        if ty in self.enums:
            return f"{ty}.{self.random.choice(self.enums[ty])}"
        if ty.startswith("list<") and depth < 2:
            element = ty[len("list<") : -1]
            if element in self.structs:  # thriftpy2 leaves them dicts
                return None
            values = [self.value(element, depth + 1) for _ in range(self.random.randint(0, 3))]
            if None in values or element == "double" or element == "bool":
                return None
            return "[" + self.random.choice([", ", " ", "; "]).join(map(str, values)) + "]"
        return None

    # --- definitions

    def fields(self, most: int, *, arguments: bool = False) -> list[tuple[str, str, bool]]:
        written = []
        ids = self.random.sample(range(1, 200), most)
        for number in ids[: self.random.randint(0, most)]:
            ty, name = self.type(), self.name("f")
            word = "" if arguments else self.random.choice(["", "", "required ", "optional "])
            given = f"{number}: " if self.random.random() < 0.9 else ""
            value = self.value(ty) if self.random.random() < 0.3 else None
            default = "" if value is None else f" = {value}"
            self.lines.append(
                f"  {given}{word}{ty}{self.blank()}{name}{default}{self.annotations()}"
                f"{self.separator()}"
            )
            written.append((name, ty, word == "required "))
        return written

    def doc(self) -> None:
        if self.random.random() < 0.3:
            self.lines.append("/** Of what follows. */")

    def enum(self) -> None:
        name = self.name("Enum")
        items = [self.name("ITEM_") for _ in range(self.random.randint(1, 8))]
        self.doc()
        self.lines.append(f"enum {name} {{")
        value = -1
        for item in items:
            given = ""
            value += 1
            if self.random.random() < 0.3:
                value += self.random.randint(0, 5)
                given = f" = {value}"
            self.lines.append(f"  {item}{given}{self.separator()}")
        self.lines.append(f"}}{self.annotations()}")
        self.enums[name] = items

    def struct(self) -> None:
        kind = self.random.choice(["struct", "struct", "struct", "union", "exception"])
        name = self.name(kind.capitalize())
        self.doc()
        self.lines.append(f"{kind} {name} {{")
        if kind == "union":
            for number in range(1, self.random.randint(1, 5)):
                self.lines.append(f"  {number}: {self.type()} {self.name('f')}{self.separator()}")
            fields = []
        else:
            fields = self.fields(8)
        self.lines.append(f"}}{self.annotations()}")
        if kind == "exception":
            self.exceptions.append(name)
        elif kind == "struct":
            self.structs[name] = fields

    def typedef(self) -> None:
        name, ty = self.name("Alias"), self.type()
        self.lines.append(f"typedef {ty} {name}{self.annotations()}")
        self.typedefs[name] = self.typedefs.get(ty, ty)

    def constant(self) -> None:
        ty = self.type()
        value = self.value(ty)
        if value is not None:
            self.lines.append(f"const {ty} {self.name('CONST_')} = {value}")

    def service(self) -> None:
        name = self.name("Service")
        extends = f" extends {self.random.choice(self.services)}" if self.services else ""
        self.doc()
        self.lines.append(f"service {name}{extends if self.random.random() < 0.5 else ''} {{")
        for _ in range(self.random.randint(0, 8)):
            oneway = self.random.random() < 0.1
            result = "void" if oneway or self.random.random() < 0.2 else self.type()
            self.lines.append(f"  {'oneway ' if oneway else ''}{result} {self.name('call')}(")
            self.fields(4, arguments=True)
            thrown = ""
            if self.exceptions and not oneway and self.random.random() < 0.5:
                thrown = f" throws (1: {self.random.choice(self.exceptions)} failed)"
            self.lines.append(f"  ){thrown}{self.annotations()}{self.separator()}")
        self.lines.append("}")
        self.services.append(name)

    def write(self, definitions: int) -> str:
        kinds = [self.enum, self.struct, self.struct, self.typedef, self.constant, self.service]
        for _ in range(definitions):
            self.random.choice(kinds)()
        return "\n".join(self.lines) + "\n"
