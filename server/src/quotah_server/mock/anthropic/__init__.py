"""Anthropic's wire format: messages, count_tokens, models, errors."""
