/** What peer.thrift was once. */

struct Versioned {
  1: i32 first
}

/** Of ids.thrift, before it had any. */
struct Ids {}

service Peer {
  Versioned evolve(1: Versioned v)
  Ids echoIds(1: Ids v)
}
