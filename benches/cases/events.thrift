namespace py events

struct Event {
  1: i64 id,
  2: string name,
  3: i64 timestamp,
  4: map<string, string> attributes,
  5: list<string> tags,
  6: binary payload,
  7: double value,
  8: bool urgent,
  9: string comment,
}

struct EventLog {
  1: string source,
  2: list<Event> events,
}
