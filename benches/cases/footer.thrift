namespace py footer

enum Type { BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY }

enum Encoding { PLAIN = 0, PLAIN_DICTIONARY = 2, RLE = 3, RLE_DICTIONARY = 8 }

struct Statistics {
  1: optional binary max,
  2: optional binary min,
  3: optional i64 null_count,
}

struct SchemaElement {
  1: optional Type type,
  2: optional i32 type_length,
  3: optional i32 repetition_type,
  4: required string name,
  5: optional i32 num_children,
}

struct ColumnMetaData {
  1: required Type type,
  2: required list<Encoding> encodings,
  3: required list<string> path_in_schema,
  4: required i32 codec,
  5: required i64 num_values,
  6: required i64 total_uncompressed_size,
  7: required i64 total_compressed_size,
  9: required i64 data_page_offset,
  11: optional i64 dictionary_page_offset,
  12: optional Statistics statistics,
}

struct ColumnChunk {
  2: required i64 file_offset,
  3: optional ColumnMetaData meta_data,
}

struct RowGroup {
  1: required list<ColumnChunk> columns,
  2: required i64 total_byte_size,
  3: required i64 num_rows,
}

struct FileMetaData {
  1: required i32 version,
  2: required list<SchemaElement> schema,
  3: required i64 num_rows,
  4: required list<RowGroup> row_groups,
  6: optional string created_by,
}
