"""The comparison of event store, Kafka and tables, record by record."""
