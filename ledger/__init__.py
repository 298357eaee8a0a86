"""The write side: take a command, decide, append; and the feed of what was recorded."""
