"""Footers of real Parquet files: written by other libraries, decoded, edited, and read again."""
