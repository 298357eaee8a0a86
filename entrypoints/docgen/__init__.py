"""The documents that the code writes itself."""
