// Definitions with nothing inside.
struct A {}
union B {}
exception C {}
enum D {}
service E {}
