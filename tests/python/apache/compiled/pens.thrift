// What Apache's compiler 0.24 made the modules beside this file of: `make interop` compares.

enum Color { RED = 1, BLUE = 5 }

struct Pen {
  1: uuid id
  2: Color color = Color.BLUE
  3: optional uuid owner = "01234567-89ab-4cde-8edc-ba9876543210"
}

struct Box {
  1: required list<uuid> ids
  2: map<uuid, Pen> pens
  3: set<uuid> (python.immutable = "") lost
  4: list<Color> colors
  5: map<string, list<uuid>> shelves
}
