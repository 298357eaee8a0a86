"""What the long-running processes share: signals, logs, liveness, metrics."""
