// Ids of zero and below: Apache's compiler replaces them.
// apache differs at structs.B.fields.a.key: it replaces ids that are not positive
// apache differs at structs.C.fields.a.key: it replaces ids that are not positive
struct A { -1: i32 a, -2: i32 b }
struct B { 0: i32 a }
struct C { -5: i32 a, 1: i32 b }
// apache differs at structs.D.fields.c.key: it replaces ids that are not positive
// apache differs at services.S.functions.f.arguments.a.key: it replaces ids that are not positive
struct D { -1: i32 a, 1: i32 b, -7: i32 c }
service S { void f(-3: i32 a) }
