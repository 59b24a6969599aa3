"""Signing in and out, and telling who signed a request."""
