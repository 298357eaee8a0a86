"""The real servers on this machine, from packages alone."""
