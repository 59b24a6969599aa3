"""Counting tokens without a provider's answer: exactly where the vocabulary is public, else an
estimate that says so."""
