"""From an empty instance to its first owner."""
