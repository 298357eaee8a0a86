"""The HTTP interface: commands in, outcomes out, and what auditors and analysts read."""
