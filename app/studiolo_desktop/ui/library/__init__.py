"""The documents of a library, and adding more."""
