"""Keys of LLM providers, sealed."""
