"""How far a workspace is on its way to the first call."""
