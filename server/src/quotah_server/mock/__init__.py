"""A stand-in for an LLM provider, for tests, onboarding and `quotah mock`. Nothing else imports it."""
