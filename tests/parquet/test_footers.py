"""What the footers of Parquet files say, and that editing one loses nothing of it."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fastparquet
import fastthrift
import pyarrow.parquet as pq
import pytest
from fastthrift.protocol.exc import TInvalidStructException

from parquet import files
from parquet.files import FILES, SIGNATURE, File

#: Apache's IDL, as fastparquet has it: newer writers have fields that it does not know either.
APACHES = Path(fastparquet.__file__).with_name("parquet.thrift")
OLDER = Path(__file__).with_name("older.thrift")

full = fastthrift.load(str(APACHES), "parquet_thrift")
keeping = fastthrift.load(str(APACHES), keep_unknown=True)
older = fastthrift.load(str(OLDER), keep_unknown=True)

CHUNKS = "row_groups.columns"
ONLY = (
    "num_rows",
    "created_by",
    "row_groups.num_rows",
    f"{CHUNKS}.meta_data.path_in_schema",
    f"{CHUNKS}.meta_data.total_compressed_size",
    f"{CHUNKS}.meta_data.statistics.null_count",
)


@dataclass(frozen=True)
class Written:
    file: File
    data: bytes

    @property
    def footer(self) -> bytes:
        return files.footer_of(self.data)

    @property
    def metadata(self) -> pq.FileMetaData:
        """What pyarrow says, without a key."""
        return pq.read_metadata(io.BytesIO(self.data))


@pytest.fixture(params=FILES, ids=str)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(request.param, tmp_path_factory.getbasetemp())


@cache
def write(file: File, folder: Path) -> Written:
    path = folder / f"{file.name}.parquet"
    file.write(path)
    return Written(file, path.read_bytes())


def decode(module: Any, footer: bytes, **options: Any) -> Any:
    return fastthrift.decode(module.FileMetaData, footer, "compact", **options)


def test_there_are_files_of_four_writers() -> None:
    assert len(FILES) >= 40
    assert len({file.name for file in FILES}) == len(FILES)


def test_a_footer_says_what_pyarrow_says(written: Written) -> None:
    ours, theirs = decode(full, written.footer), written.metadata
    assert ours.num_rows == theirs.num_rows
    assert ours.created_by == theirs.created_by
    assert len(ours.row_groups) == theirs.num_row_groups
    assert len(written.footer) in (theirs.serialized_size, theirs.serialized_size + SIGNATURE)
    assert (ours.encryption_algorithm is not None) == written.file.is_encrypted
    pairs = {pair.key: pair.value for pair in ours.key_value_metadata or []}
    assert {key.encode(): as_bytes(value) for key, value in pairs.items()} == (
        theirs.metadata or {}
    )
    leaves = [element for element in ours.schema if element.type is not None]
    assert len(leaves) == theirs.num_columns
    for number, leaf in enumerate(leaves):
        column = theirs.schema.column(number)
        assert (leaf.name, full.Type._VALUES_TO_NAMES[leaf.type]) == (
            column.name,
            column.physical_type,
        )
    for number, group in enumerate(ours.row_groups):
        check_group(group, theirs.row_group(number))


def as_bytes(value: str | bytes | None) -> bytes:
    """A value of metadata, which may be no text."""
    return value if isinstance(value, bytes) else (value or "").encode()


def check_group(ours: Any, theirs: Any) -> None:
    assert ours.num_rows == theirs.num_rows
    assert ours.total_byte_size == theirs.total_byte_size
    order = [(c.column_idx, c.descending, c.nulls_first) for c in ours.sorting_columns or []]
    assert order == [(c.column_index, c.descending, c.nulls_first) for c in theirs.sorting_columns]
    assert len(ours.columns) == theirs.num_columns
    for number, chunk in enumerate(ours.columns):
        check_chunk(chunk, theirs.column(number))


def check_chunk(chunk: Any, theirs: Any) -> None:
    ours = chunk.meta_data
    assert chunk.file_offset == theirs.file_offset
    assert (chunk.file_path or "") == theirs.file_path
    assert ".".join(ours.path_in_schema) == theirs.path_in_schema
    assert full.Type._VALUES_TO_NAMES[ours.type] == theirs.physical_type
    codec = full.CompressionCodec._VALUES_TO_NAMES[ours.codec]
    assert codec.removesuffix("_RAW") == theirs.compression
    assert {full.Encoding._VALUES_TO_NAMES[one] for one in ours.encodings} == set(theirs.encodings)
    for name in (
        "num_values",
        "total_compressed_size",
        "total_uncompressed_size",
        "data_page_offset",
        "bloom_filter_offset",
    ):
        assert getattr(ours, name) == getattr(theirs, name), name
    if theirs.has_dictionary_page:
        assert ours.dictionary_page_offset == theirs.dictionary_page_offset
    assert (chunk.offset_index_offset is not None) == theirs.has_offset_index
    assert (chunk.column_index_offset is not None) == theirs.has_column_index
    if theirs.is_stats_set:
        check_statistics(ours.statistics, theirs.statistics)


def check_statistics(ours: Any, theirs: Any) -> None:
    assert ours.null_count == theirs.null_count
    assert ours.distinct_count == theirs.distinct_count
    if theirs.has_min_max and theirs.physical_type in FORMATS:
        least = ours.min if ours.min_value is None else ours.min_value
        most = ours.max if ours.max_value is None else ours.max_value
        unpack = FORMATS[theirs.physical_type]
        assert (unpack(least), unpack(most)) == (theirs.min_raw, theirs.max_raw)


def unpacked(format: str) -> Any:
    return lambda value: struct.unpack(format, value)[0]


#: The values of statistics, by what pyarrow gives of them.
FORMATS = {
    "INT32": unpacked("<i"),
    "INT64": unpacked("<q"),
    "FLOAT": unpacked("<f"),
    "DOUBLE": unpacked("<d"),
    "BOOLEAN": unpacked("<?"),
    "BYTE_ARRAY": bytes,
    "FIXED_LEN_BYTE_ARRAY": bytes,
}


def test_some_fields_of_a_footer(written: Written) -> None:
    part, theirs = decode(full, written.footer, only=ONLY), written.metadata
    assert (part.num_rows, part.created_by) == (theirs.num_rows, theirs.created_by)
    assert (part.schema, part.key_value_metadata) == (None, None)
    assert len(part.row_groups) == theirs.num_row_groups
    for number, group in enumerate(part.row_groups):
        assert group.num_rows == theirs.row_group(number).num_rows
        assert group.total_byte_size is None
        for place, chunk in enumerate(group.columns):
            column = theirs.row_group(number).column(place)
            data = chunk.meta_data
            assert ".".join(data.path_in_schema) == column.path_in_schema
            assert data.total_compressed_size == column.total_compressed_size
            assert data.num_values is None
            if column.is_stats_set:
                assert data.statistics.null_count == column.statistics.null_count


def test_indexes_and_filters_are_where_the_footer_says(written: Written) -> None:
    if written.file.is_encrypted:
        # They are, too, and no Thrift without the key.
        assert decode(full, written.footer).encryption_algorithm is not None
        return
    for group in decode(full, written.footer).row_groups:
        for chunk in group.columns:
            if chunk.offset_index_offset is not None and chunk.column_index_offset is not None:
                pages = at(written, full.OffsetIndex, chunk.offset_index_offset)
                index = at(written, full.ColumnIndex, chunk.column_index_offset)
                assert len(pages.page_locations) == len(index.null_pages) > 0
            if chunk.meta_data.bloom_filter_offset is not None:
                header = at(written, full.BloomFilterHeader, chunk.meta_data.bloom_filter_offset)
                assert header.algorithm.BLOCK is not None
                assert header.numBytes % 32 == 0
            if chunk.meta_data.num_values:
                page = at(written, full.PageHeader, first_page(chunk.meta_data))
                assert 0 <= page.compressed_page_size <= chunk.meta_data.total_compressed_size


def first_page(column: Any) -> int:
    offset: int = column.data_page_offset
    return min(offset, column.dictionary_page_offset or offset)


def at(written: Written, cls: type, offset: int) -> Any:
    return fastthrift.decode(cls, memoryview(written.data)[offset:], "compact")


@pytest.mark.parametrize("module", [keeping, older], ids=["apaches", "older"])
def test_a_footer_is_written_as_it_was_read(written: Written, module: Any) -> None:
    footer = written.footer
    again = fastthrift.encode(decode(module, footer), "compact")
    if written.file.is_encrypted:
        assert again + footer[-SIGNATURE:] == footer
    elif written.file.name.startswith("fastparquet"):
        # It writes empty lists as lists of nothing, and those that are known are lists of their
        # type.
        assert decode(full, again) == decode(full, footer)
    else:
        assert again == footer


def test_an_edited_file_has_lost_nothing(written: Written) -> None:
    footer = decode(older, written.footer)
    pairs = footer.key_value_metadata or []
    footer.key_value_metadata = [*pairs, older.KeyValue("edited", "yes")]
    for group in footer.row_groups:
        for chunk in group.columns:
            chunk.meta_data.key_value_metadata = [older.KeyValue("column", "edited")]
    edited = fastthrift.encode(footer, "compact")
    if written.file.is_encrypted:
        edited += written.footer[-SIGNATURE:]
    data = files.with_footer(written.data, edited)

    before, after = files.read(written.file, written.data), files.read(written.file, data)
    assert after[0].equals(before[0].replace_schema_metadata(after[0].schema.metadata))
    assert after[0].num_rows == written.metadata.num_rows
    said = {**after[1].to_dict(), "serialized_size": None}
    assert said == {**before[1].to_dict(), "serialized_size": None}
    assert after[1].metadata == {**(before[1].metadata or {}), b"edited": b"yes"}
    # All that Apache's IDL knows, and what it does not.
    old, new = decode(keeping, written.footer), decode(keeping, edited)
    assert new.key_value_metadata.pop().key == "edited"
    old.key_value_metadata = old.key_value_metadata or []
    for old_group, new_group in zip(old.row_groups, new.row_groups, strict=True):
        for was, now in zip(old_group.columns, new_group.columns, strict=True):
            assert now.meta_data.key_value_metadata[0].value == "edited"
            now.meta_data.key_value_metadata = was.meta_data.key_value_metadata
    assert new == old


def test_writers_have_fields_that_apaches_idl_in_fastparquet_does_not_know(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """So the tests above are of what really happens."""
    ids = set()
    for file in FILES:
        footer = write(file, tmp_path_factory.getbasetemp()).footer
        for group in decode(keeping, footer).row_groups:
            for chunk in group.columns:
                column = chunk.meta_data
                ids |= {("column", field.id) for field in fastthrift.unknown_fields(column)}
                if column.statistics is not None:
                    known = fastthrift.unknown_fields(column.statistics)
                    ids |= {("statistics", field.id) for field in known}
    # The length of a bloom filter, size statistics, and whether a bound is exact.
    assert {("column", 15), ("column", 16), ("statistics", 7), ("statistics", 8)} <= ids


@pytest.mark.parametrize("algorithm", ["AES_GCM_V1", "AES_GCM_CTR_V1"])
def test_a_footer_that_is_encrypted_is_told_by_its_mark_and_not_read_as_another(
    algorithm: str, tmp_path: Path
) -> None:
    path = tmp_path / "encrypted.parquet"
    files.write_encrypted(path, algorithm, plaintext_footer=False)
    data = path.read_bytes()
    assert data[:4] == data[-4:] == b"PARE"
    with pytest.raises(AssertionError):
        files.footer_of(data)
    # In front of what is encrypted stands how.
    tail = data[-8 - int.from_bytes(data[-8:-4], "little") : -8]
    crypto = fastthrift.decode(full.FileCryptoMetaData, tail, "compact")
    algorithms = crypto.encryption_algorithm
    chosen = {name for name, value in vars(algorithms).items() if value is not None}
    assert chosen == {algorithm}
    again = fastthrift.encode(crypto, "compact")
    assert tail.startswith(again)
    encrypted = tail[len(again) :]
    # A length, and so many bytes: nonce, footer, tag.
    assert int.from_bytes(encrypted[:4], "little") == len(encrypted) - 4
    # Who takes it for a footer finds one of nothing, and is told so by a strict reader.
    assert decode(full, tail) == full.FileMetaData()
    strict = fastthrift.load(str(APACHES), strict=True)
    with pytest.raises(TInvalidStructException) as refused:
        decode(strict, tail)
    problems = [path for path, _ in refused.value.problems]
    assert problems == ["version", "schema", "num_rows", "row_groups"]
