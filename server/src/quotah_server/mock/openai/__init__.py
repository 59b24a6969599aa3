"""OpenAI's wire format: chat completions, responses, embeddings, models, errors."""
