// Streams and interactions are told to be unsupported, each once.
interaction Session {
  i32 next_number()
}
service Numbers {
  performs Session;
  i32 one()
  stream<i32> many()
  i32, stream<i32 throws (1: Failed failed)> both(1: i32 count)
  sink<i32, i32> take()
  i32 two()
}
exception Failed {}
