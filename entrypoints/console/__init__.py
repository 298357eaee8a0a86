"""The auditors' console: pages that find a call, show what happened and why, and read reports."""
