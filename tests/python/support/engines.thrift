// What the engines of tests/python/engines stand in front of.
service Greeter {
    string greet(1: string name) (idempotent = "true"),
    void ping(),
    string run(1: i32 ticket),
    list<bool> flags(1: list<bool> value),
    string shown(1: double value),
    void fail(),
    oneway void note(1: i32 ticket),
}
