"""A report's answer as a picture: bars from zero, with what the figures mean written below."""
