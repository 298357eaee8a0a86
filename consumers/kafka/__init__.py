"""Kafka from our side: messages, offsets, transactions, order, dead letters."""
