"""Who has the DuckDB file, who asks, and in which words."""
