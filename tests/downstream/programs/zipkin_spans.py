"""Spans through py_zipkin: recorded, written as V1 Thrift, read, and written as JSON."""

from __future__ import annotations

import json
from unittest.mock import patch

from py_zipkin import Encoding, Kind
from py_zipkin.encoding import Span, convert_spans, create_endpoint
from py_zipkin.encoding._decoders import get_decoder
from py_zipkin.encoding._encoders import get_encoder
from py_zipkin.testing import MockTransportHandler
from py_zipkin.zipkin import ZipkinAttrs, zipkin_client_span, zipkin_span

HERE = create_endpoint(8080, "orders", "10.1.2.3")
THERE = create_endpoint(65535, "stock", "2001:db8::1")


def spans() -> dict[str, Span]:
    given = {
        "trace_id": "17133d482ba4f605",
        "name": "get",
        "parent_id": "f00000000000000d",
        "span_id": "5db4194b0d3b6f4c",
        "kind": Kind.CLIENT,
        "timestamp": 1571234567.25,
        "duration": 0.5,
        "local_endpoint": HERE,
    }
    changes = {
        "client": {},
        "server": {"kind": Kind.SERVER, "shared": True},
        "local": {"kind": Kind.LOCAL},
        "producer": {"kind": Kind.PRODUCER},
        "root": {"parent_id": None},
        "128 bits": {"trace_id": "f6d5bf3f5ee3a9f7" * 2},
        "remote": {"remote_endpoint": THERE},
        "annotated": {"annotations": {"read": 1571234567.5, "größer": 1571234567.75}},
        "tagged": {"tags": {"http.uri": "/é/☃", "empty": "", "retries": "3", "long": "x" * 300}},
    }
    return {name: Span(**given | change) for name, change in changes.items()}


def recorded() -> bytes:
    """What a service reports of a call that makes another."""
    transport = MockTransportHandler()
    attributes = ZipkinAttrs("17133d482ba4f605", "5db4194b0d3b6f4c", None, None, True)
    common = {"timestamp": 1571234567.25, "duration": 0.5, "encoding": Encoding.V1_THRIFT}
    with (
        patch("time.time", lambda: 1571234567.125),
        zipkin_span(
            "orders",
            "list",
            zipkin_attrs=attributes,
            transport_handler=transport,
            host="10.1.2.3",
            port=8080,
            **common,
        ) as outer,
        zipkin_client_span("orders", "stock", **common) as inner,
    ):
        inner.zipkin_attrs = attributes._replace(
            span_id="00000000000000aa", parent_span_id=attributes.span_id
        )
        inner.add_sa_binary_annotation(65535, "stock", "10.9.8.7")
        outer.update_binary_annotations({"status": "200"})
    (payload,) = transport.get_payloads()
    return payload


def main() -> None:
    results = {}
    encoder = get_encoder(Encoding.V1_THRIFT)
    decoder = get_decoder(Encoding.V1_THRIFT)
    encoded = {name: encoder.encode_span(span) for name, span in spans().items()}
    for name, message in encoded.items():
        results[f"{name}, written"] = message.hex()
        (span,) = decoder.decode_spans(encoder.encode_queue([message]))
        results[f"{name}, read"] = str(span)
    everything = encoder.encode_queue(list(encoded.values()))
    results["all, written"] = everything.hex()
    results["recorded, written"] = recorded().hex()
    for name, message in (("all", everything), ("recorded", recorded())):
        results[f"{name}, V2 JSON"] = convert_spans(message, Encoding.V2_JSON)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
