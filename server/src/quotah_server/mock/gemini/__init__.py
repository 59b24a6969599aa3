"""Gemini's native API: generateContent whole and streamed, embeddings, token counts, models."""
