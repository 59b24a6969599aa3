"""Mistral: OpenAI's wire, whose streams tell their usage unasked."""
