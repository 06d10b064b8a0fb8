"""A footer like Parquet's: 10 row groups of 20 columns, nested five deep."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cases import Case

COLUMNS = 20
ROW_GROUPS = 10


def make(types: Any) -> Any:
    schema = [types.SchemaElement(name="schema", num_children=COLUMNS)]
    schema += [
        types.SchemaElement(type=2, repetition_type=1, name=f"column_{number}")
        for number in range(COLUMNS)
    ]
    groups = [
        types.RowGroup(
            columns=[
                types.ColumnChunk(
                    file_offset=4 + (group * COLUMNS + number) * 40_000,
                    meta_data=types.ColumnMetaData(
                        type=2,
                        encodings=[0, 3, 8],
                        path_in_schema=[f"column_{number}"],
                        codec=1,
                        num_values=100_000,
                        total_uncompressed_size=800_123,
                        total_compressed_size=39_876,
                        data_page_offset=4 + (group * COLUMNS + number) * 40_000 + 300,
                        dictionary_page_offset=4 + (group * COLUMNS + number) * 40_000,
                        statistics=types.Statistics(
                            max=number.to_bytes(8, "little"),
                            min=b"\0" * 8,
                            null_count=number * 3,
                        ),
                    ),
                )
                for number in range(COLUMNS)
            ],
            total_byte_size=COLUMNS * 800_123,
            num_rows=100_000,
        )
        for group in range(ROW_GROUPS)
    ]
    return types.FileMetaData(
        version=2,
        schema=schema,
        num_rows=100_000 * ROW_GROUPS,
        row_groups=groups,
        created_by="a writer of columns",
    )


def msgspec_types() -> SimpleNamespace:
    from msgspec import defstruct

    def struct(name: str, /, **fields: Any) -> Any:
        optional = [(field, kind | None, None) for field, kind in fields.items()]
        return defstruct(name, optional, omit_defaults=True)

    statistics = struct("Statistics", max=bytes, min=bytes, null_count=int)
    element = struct(
        "SchemaElement",
        type=int,
        type_length=int,
        repetition_type=int,
        name=str,
        num_children=int,
    )
    meta = struct(
        "ColumnMetaData",
        type=int,
        encodings=list[int],
        path_in_schema=list[str],
        codec=int,
        num_values=int,
        total_uncompressed_size=int,
        total_compressed_size=int,
        data_page_offset=int,
        dictionary_page_offset=int,
        statistics=statistics,
    )
    chunk = struct("ColumnChunk", file_offset=int, meta_data=meta)
    group = struct("RowGroup", columns=list[chunk], total_byte_size=int, num_rows=int)
    footer = struct(
        "FileMetaData",
        version=int,
        schema=list[element],
        num_rows=int,
        row_groups=list[group],
        created_by=str,
    )
    return SimpleNamespace(
        Statistics=statistics,
        SchemaElement=element,
        ColumnMetaData=meta,
        ColumnChunk=chunk,
        RowGroup=group,
        FileMetaData=footer,
    )


CASE = Case("file footer", "footer.thrift", "FileMetaData", make, msgspec_types)
