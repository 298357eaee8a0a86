"""The archive: sealed Parquet files that any tool reads, and from which the ledger comes back."""
