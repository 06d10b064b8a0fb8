// A part of Apache's parquet-format, as a program may have it that looks at little: its names,
// ids and types, and no more.

struct KeyValue {
    1: required string key
    2: optional string value
}

struct Statistics {
    3: optional i64 null_count
}

struct ColumnMetaData {
    3: required list<string> path_in_schema
    5: required i64 num_values
    8: optional list<KeyValue> key_value_metadata
    12: optional Statistics statistics
}

struct ColumnChunk {
    3: optional ColumnMetaData meta_data
}

struct RowGroup {
    1: required list<ColumnChunk> columns
    3: required i64 num_rows
}

struct FileMetaData {
    3: required i64 num_rows
    4: required list<RowGroup> row_groups
    5: optional list<KeyValue> key_value_metadata
}
