"""The nouns every room shares. Standard library and msgspec only; no I/O."""
