// What a client sends before each call, once the server has said that it understands it.
struct RequestHeader {
    1: string request_id
    2: string seq
    3: map<string, string> meta
}

// What the server sends before each answer, from version 2 on.
struct ResponseHeader {
    1: map<string, string> meta
}

// The handshake: the call by which a client finds out, and its answer.
struct UpgradeReply {
    1: i32 version
}

struct UpgradeArgs {
    1: string app_id
    2: i32 version
}
