"""Settings and connections: where the ledger lives."""
