"""Other systems' records, read as observations; one file a system."""
