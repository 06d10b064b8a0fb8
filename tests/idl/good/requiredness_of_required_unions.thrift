// Fields of a union that say they are required.
// apache differs at structs.A.fields.a.required: it makes them optional
union A { 1: required i32 a }
