"""The read side: SQL models over the events, and the reports over them."""
