"""200 event records with maps and lists of strings, a binary, and text that is not ASCII."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cases import Case


def make(types: Any) -> Any:
    return types.EventLog(
        source="sensors/büro-7",
        events=[
            types.Event(
                id=2**40 + index,
                name=f"event.{index % 7}",
                timestamp=1_700_000_000_000 + index * 1000,
                attributes={
                    "host": f"worker-{index % 16}.example.org",
                    "region": "eu-central",
                    "user": f"Jürgen Groß {index}",
                    "path": f"/api/v1/items/{index}",
                },
                tags=["temperature", "日本語", f"tag-{index}"],
                payload=bytes(range(64)),
                value=index * 0.5,
                urgent=index % 3 == 0,
                comment=None if index % 2 else "überprüft und für gut befunden",
            )
            for index in range(200)
        ],
    )


def msgspec_types() -> SimpleNamespace:
    from msgspec import defstruct

    event = defstruct(
        "Event",
        [
            (name, kind | None, None)
            for name, kind in {
                "id": int,
                "name": str,
                "timestamp": int,
                "attributes": dict[str, str],
                "tags": list[str],
                "payload": bytes,
                "value": float,
                "urgent": bool,
                "comment": str,
            }.items()
        ],
        omit_defaults=True,
    )
    log = defstruct(
        "EventLog", [("source", str | None, None), ("events", list[event] | None, None)]
    )
    return SimpleNamespace(Event=event, EventLog=log)


CASE = Case("event records", "events.thrift", "EventLog", make, msgspec_types)
