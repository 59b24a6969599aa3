"""Wires that several vendors speak. Rooms build on them; they know no room."""
