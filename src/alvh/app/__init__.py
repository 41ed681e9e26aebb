"""The edges: wiring and the command line."""
