"""The read side: SQL models over the events, and the reports over them."""

import warnings

# DuckDB says so of each answer that it plans once: those of the ledger's own have few rows.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result makes an extra copy")
