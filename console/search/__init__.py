"""Similarity search: embedders, chunking and strategies. Knows nothing of the store."""
