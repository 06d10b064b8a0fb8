"""The order of the site's pages, for somebody who comes new: (heading, paths from the root)."""

from __future__ import annotations

NAVIGATION = [
    (
        "Start",
        [
            "docs/README.md",
            "docs/migration.md",
            "docs/examples.md",
            "examples/README.md",
            "CHANGELOG.md",
        ],
    ),
    ("Frameworks", ["docs/flask.md", "docs/django.md"]),
    (
        "How to",
        [
            "docs/howto/pool.md",
            "docs/howto/timeouts.md",
            "docs/howto/tls.md",
            "docs/howto/http.md",
            "docs/howto/asyncio.md",
            "docs/howto/multiplexing.md",
            "docs/howto/tests.md",
            "docs/howto/logging.md",
            "docs/howto/hooks.md",
            "docs/howto/opentelemetry.md",
            "docs/howto/plain-data.md",
            "docs/howto/pickling.md",
            "docs/howto/strictness.md",
            "docs/howto/unix-sockets.md",
            "docs/howto/sasl.md",
            "docs/howto/from-apache-thrift.md",
        ],
    ),
    (
        "Serving",
        [
            "docs/howto/serve.md",
            "docs/howto/production.md",
            "docs/howto/mount.md",
            "docs/howto/web-servers.md",
        ],
    ),
    (
        "Reference",
        [
            "docs/loading.md",
            "docs/idl.md",
            "docs/errors.md",
            "docs/differences.md",
            "docs/check.md",
            "docs/format.md",
            "docs/call.md",
            "docs/decode.md",
        ],
    ),
    (
        "API",
        [
            "docs/api/fastthrift.rst",
            "docs/api/parser.rst",
            "docs/api/rpc.rst",
            "docs/api/pool.rst",
            "docs/api/urls.rst",
            "docs/api/hooks.rst",
            "docs/api/server.rst",
            "docs/api/http.rst",
            "docs/api/wsgi.rst",
            "docs/api/asgi.rst",
            "docs/api/thrift.rst",
            "docs/api/protocol.rst",
            "docs/api/transport.rst",
            "docs/api/utils.rst",
            "docs/api/testing.rst",
            "docs/api/flask.rst",
            "docs/api/django.rst",
            "docs/api/otel.rst",
            "docs/api/aio.rst",
        ],
    ),
    (
        "Figures",
        [
            "docs/benchmarks.md",
            "docs/benchmarks-load.md",
            "docs/benchmarks-rpc.md",
            "docs/benchmarks-serving.md",
            "docs/benchmarks-web.md",
        ],
    ),
    (
        "Working on it",
        ["docs/architecture.md", "docs/testing.md", "docs/interop.md", "docs/recipes.md"],
    ),
]
