/** What peer.thrift was once. */

struct Versioned {
  1: i32 first
}

service Peer {
  Versioned evolve(1: Versioned v)
}
