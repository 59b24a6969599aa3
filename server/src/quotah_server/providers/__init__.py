"""One folder per LLM provider: pure functions from its wire to our domain. No I/O."""
