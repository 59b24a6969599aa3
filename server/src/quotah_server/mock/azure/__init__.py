"""Azure OpenAI: OpenAI's operations below a deployment."""
