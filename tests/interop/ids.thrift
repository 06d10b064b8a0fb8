/** What peers with a compiler that knows `uuid` are built from, beside peer.thrift. */

include "peer.thrift"

// Without it C++ compiles neither a map by uuid nor a set of them.
cpp_include "order.h"

namespace cpp interop

/** All are optional, so that only what is sent is written: what comes back has the same bytes. */
struct Ids {
  1: optional uuid one
  2: optional list<uuid> many
  3: optional set<uuid> some
  4: optional map<uuid, i32> byId
  5: optional map<i32, list<uuid>> deep
}

service IdPeer extends peer.Peer {
  uuid echoId(1: uuid v)
  Ids echoIds(1: Ids v)
}

/** What servers do not know: clients call it. */
service LaterIdPeer extends IdPeer {
  i32 unknown(1: i32 v)
}
