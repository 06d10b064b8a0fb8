namespace py blob

struct Blob {
  1: string name,
  2: binary data,
}
