"""Cohere's API, version 2: chat whole and streamed, embed, rerank, models."""
