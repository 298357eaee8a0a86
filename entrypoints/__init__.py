"""The ways in: the command line, the HTTP interface and the console, all of them thin."""
