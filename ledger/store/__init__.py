"""The event store: one interface, and the databases behind it."""
