// What fields say about their presence.
struct A {
  1: i32 plain
  2: required i32 needed
  3: optional i32 free
  4: required i32 needed_default = 4
  5: optional i32 free_default = 5
}
exception B { 1: required string why, 2: optional i32 code }
