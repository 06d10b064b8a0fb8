"""Parquet files of four writers, small ones with much in them."""

from __future__ import annotations

import datetime
import decimal
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import fastparquet
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.parquet import encryption

ROWS = 240
KEY = b"0123456789abcdef"
#: What follows the footer of a file that is signed: a nonce and a tag, in bytes.
SIGNATURE = 28


@dataclass(frozen=True)
class File:
    """A way to write a file."""

    name: str
    write: Callable[[Path], None]
    #: Whether its columns are encrypted, under a footer that is not.
    is_encrypted: bool = False

    def __str__(self) -> str:
        return self.name


def _numbers() -> pa.Table:
    return pa.table(
        {
            "i32": pa.array(range(ROWS), pa.int32()),
            "i64": pa.array([None if n % 7 == 0 else n << 33 for n in range(ROWS)]),
            "f32": pa.array([n / 3 for n in range(ROWS)], pa.float32()),
            "f64": [n / 7 for n in range(ROWS)],
            "yes": [n % 3 == 0 for n in range(ROWS)],
            "word": ["αβγδ"[n % 4] * (n % 5) for n in range(ROWS)],
            "raw": [bytes([n]) for n in range(ROWS)],
        }
    )


def _nested() -> pa.Table:
    return pa.table(
        {
            "point": [{"x": n, "tags": ["a"] * (n % 3)} for n in range(ROWS)],
            "lists": [[[n, None], []] if n % 5 else None for n in range(ROWS)],
            "map": pa.array(
                [[(f"k{n}", {"deep": [n]})] for n in range(ROWS)],
                pa.map_(pa.string(), pa.struct([("deep", pa.list_(pa.int16()))])),
            ),
        }
    )


def _types() -> pa.Table:
    day = datetime.date(2026, 1, 1)
    moment = datetime.datetime(2026, 1, 1)
    hours = [datetime.timedelta(hours=n) for n in range(ROWS)]
    return pa.table(
        {
            "date": [day + one for one in hours],
            "naive": pa.array([moment + one for one in hours], pa.timestamp("ms")),
            "zoned": pa.array([moment + one for one in hours], pa.timestamp("us", "UTC")),
            "nano": pa.array([moment + one for one in hours], pa.timestamp("ns")),
            "time": pa.array([(moment + one).time() for one in hours], pa.time64("us")),
            "small": pa.array([n % 100 for n in range(ROWS)], pa.int8()),
            "unsigned": pa.array(range(ROWS), pa.uint32()),
            "half": pa.array([float(n) for n in range(ROWS)], pa.float16()),
            "price": [decimal.Decimal(n).scaleb(-2) for n in range(ROWS)],
            "fixed": pa.array([bytes([n] * 5) for n in range(ROWS)], pa.binary(5)),
            "id": pa.array([uuid.UUID(int=n).bytes for n in range(ROWS)], pa.uuid()),
            "json": pa.array([f'{{"n": {n}}}' for n in range(ROWS)], pa.json_()),
            "nothing": pa.nulls(ROWS),
            "category": pa.array(["ab"[n % 2] for n in range(ROWS)]).dictionary_encode(),
        }
    )


def _wide() -> pa.Table:
    return pa.table({f"column_{number}": [number] for number in range(300)})


def _by_pyarrow(name: str, table: Callable[[], pa.Table], **options: Any) -> File:
    return File(f"pyarrow-{name}", lambda path: pq.write_table(table(), path, **options))


def _encrypted(algorithm: str) -> File:
    return File(
        f"pyarrow-{algorithm.lower()}",
        lambda path: write_encrypted(path, algorithm, plaintext_footer=True),
        is_encrypted=True,
    )


def write_encrypted(path: Path, algorithm: str, *, plaintext_footer: bool) -> None:
    """A file with encrypted columns, under a footer that is encrypted too or signed."""
    properties = encryption.create_encryption_properties(
        KEY, encryption_algorithm=algorithm, plaintext_footer=plaintext_footer
    )
    pq.write_table(_numbers(), path, encryption_properties=properties, row_group_size=100)


def _with_metadata() -> pa.Table:
    return _numbers().replace_schema_metadata({"ключ": "значение", "empty": "", "raw": b"\xff"})


_WORDS = {"word": {"ndv": ROWS, "fpp": 0.01}}

PYARROW = [
    _by_pyarrow("plain", _numbers),
    _by_pyarrow("nested", _nested),
    _by_pyarrow("nested-row-groups", _nested, row_group_size=7),
    _by_pyarrow("types", _types),
    _by_pyarrow("types-of-version-1", lambda: _types().drop(["nano"]), version="1.0"),
    _by_pyarrow("wide", _wide),
    _by_pyarrow("many-row-groups", _numbers, row_group_size=2),
    _by_pyarrow("page-index", _numbers, write_page_index=True, data_page_size=64),
    _by_pyarrow("page-index-nested", _nested, write_page_index=True, row_group_size=50),
    _by_pyarrow("bloom-filter", _numbers, bloom_filter_options=_WORDS),
    _by_pyarrow("bloom-and-index", _numbers, bloom_filter_options=_WORDS, write_page_index=True),
    _by_pyarrow("no-statistics", _numbers, write_statistics=False),
    _by_pyarrow("some-statistics", _numbers, write_statistics=["i32", "word"]),
    _by_pyarrow("no-dictionary", _numbers, use_dictionary=False),
    _by_pyarrow("encodings", _numbers, use_dictionary=False,
                column_encoding={"i64": "DELTA_BINARY_PACKED", "word": "DELTA_BYTE_ARRAY"}),
    _by_pyarrow("split-streams", _numbers, use_byte_stream_split=["f32", "f64"],
                use_dictionary=False),
    _by_pyarrow("pages-of-version-2", _numbers, data_page_version="2.0"),
    _by_pyarrow("checksums", _numbers, write_page_checksum=True),
    _by_pyarrow("sorted", _numbers, sorting_columns=[pq.SortingColumn(0, True, True)]),
    _by_pyarrow("metadata", _with_metadata),
    _by_pyarrow("int96", lambda: _types().select(["nano"]), use_deprecated_int96_timestamps=True),
    _by_pyarrow("empty", lambda: _numbers().slice(0, 0)),
    _by_pyarrow("gzip", _numbers, compression="gzip"),
    _by_pyarrow("mixed-compression", _numbers, compression={"i32": "zstd", "word": "brotli"}),
    _encrypted("AES_GCM_V1"),
    _encrypted("AES_GCM_CTR_V1"),
]  # fmt: skip


def _by_duckdb(name: str, query: str, options: str = "") -> File:
    def write(path: Path) -> None:
        with duckdb.connect() as connection:
            connection.execute(f"copy ({query}) to '{path}' (format parquet{options})")

    return File(f"duckdb-{name}", write)


_RANGE = f"n, n::varchar word, n / 3.0 ratio from range({ROWS}) t(n)"
DUCKDB = [
    _by_duckdb("plain", f"select {_RANGE}"),
    _by_duckdb("row-groups", f"select n.* from (select {_RANGE}) n, range(50)",
               ", row_group_size 2048"),
    _by_duckdb("nested", f"select {{'x': n, 'l': [n, null]}} s, map {{n: [n]}} m, [[n]] l "
                         f"from range({ROWS}) t(n)"),
    _by_duckdb("types", "select n::decimal(9, 2) a, uuid() b, date '2026-01-01' + n::int as c, "
                        "timestamptz '2026-01-01' as d, (n % 200)::utinyint e, 'a'::blob f, "
                        f"null g, time '1:2:3' as h, interval 1 day i from range({ROWS}) t(n)"),
    _by_duckdb("zstd", f"select {_RANGE}", ", compression zstd"),
    _by_duckdb("version-2", f"select {_RANGE}", ", parquet_version v2"),
    _by_duckdb("bloom-filter", f"select n % 9 few, (n % 9)::varchar word from range({ROWS}) t(n)",
               ", bloom_filter_false_positive_ratio 0.001"),
    _by_duckdb("metadata", f"select {_RANGE}", ", kv_metadata {key: 'value', other: 'ü'}"),
    _by_duckdb("field-ids", f"select n as a from range({ROWS}) t(n)", ", field_ids {a: 42}"),
    _by_duckdb("empty", f"select {_RANGE} where n < 0"),
]  # fmt: skip


def _frame() -> polars.DataFrame:
    return polars.from_arrow(_numbers())  # type: ignore[return-value]


def _by_polars(name: str, frame: Callable[[], Any] = _frame, **options: Any) -> File:
    return File(f"polars-{name}", lambda path: frame().write_parquet(path, **options))


POLARS = [
    _by_polars("plain"),
    _by_polars("nested", lambda: polars.DataFrame({"s": [{"x": [n]} for n in range(ROWS)]})),
    _by_polars("types", lambda: polars.DataFrame({
        "d": [datetime.date(2026, 1, 1)] * 3, "t": [datetime.datetime(2026, 1, 1)] * 3,
        "c": polars.Series(["a", "b", "a"], dtype=polars.Categorical),
        "p": polars.Series([1, 2, None], dtype=polars.Decimal(10, 2)), "n": [None] * 3,
    })),
    _by_polars("row-groups", row_group_size=50),
    _by_polars("all-statistics", statistics="full"),
    _by_polars("no-statistics", statistics=False),
    _by_polars("uncompressed", compression="uncompressed"),
    _by_polars("small-pages", data_page_size=64),
    _by_polars("metadata", metadata={"key": "value"}),
]  # fmt: skip


def _pandas() -> pandas.DataFrame:
    return pandas.DataFrame(
        {"n": range(ROWS), "ratio": [n / 3 for n in range(ROWS)], "word": ["ab"] * ROWS}
    )


def _by_fastparquet(name: str, **options: Any) -> File:
    frame = options.pop("frame", _pandas)
    return File(
        f"fastparquet-{name}", lambda path: fastparquet.write(str(path), frame(), **options)
    )


FASTPARQUET = [
    _by_fastparquet("plain"),
    _by_fastparquet("row-groups", row_group_offsets=[0, 100, 150]),
    _by_fastparquet("gzip", compression="GZIP"),
    _by_fastparquet("snappy", compression="SNAPPY"),
    _by_fastparquet("required", has_nulls=False),
    _by_fastparquet("metadata", custom_metadata={"key": "value"}),
    _by_fastparquet("no-statistics", stats=False),
    _by_fastparquet("int96", times="int96", frame=lambda: pandas.DataFrame(
        {"t": pandas.to_datetime(["2026-01-01"] * ROWS)})),
    _by_fastparquet("category", frame=lambda: pandas.DataFrame(
        {"c": pandas.Categorical(["a", "b"] * (ROWS // 2))})),
]  # fmt: skip

FILES = PYARROW + DUCKDB + POLARS + FASTPARQUET


def footer_of(data: bytes) -> bytes:
    """The footer of a file, with the signature that may be behind it."""
    assert data[-4:] == b"PAR1"
    size = int.from_bytes(data[-8:-4], "little")
    return data[-8 - size : -8]


def with_footer(data: bytes, footer: bytes) -> bytes:
    """A file with another footer."""
    body = data[: -8 - len(footer_of(data))]
    return body + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def read(file: File, data: bytes) -> tuple[pa.Table, pq.FileMetaData]:
    """What pyarrow finds in a file."""
    options: dict[str, Any] = {}
    if file.is_encrypted:
        # The signature is of the footer that was written first.
        options["decryption_properties"] = encryption.create_decryption_properties(
            KEY, check_footer_integrity=False
        )
    opened = pq.ParquetFile(io.BytesIO(data), **options)
    return opened.read(), opened.metadata
