"""Composition only: the one room that reads settings and wires the others together."""
