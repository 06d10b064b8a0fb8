// A file from before it was a type may call other things uuid.
struct Named {
  1: string uuid
}
typedef string uuid
struct Typed {
  1: uuid id
}
