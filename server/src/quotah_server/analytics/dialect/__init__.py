"""The dozen functions in which the event engines differ."""
