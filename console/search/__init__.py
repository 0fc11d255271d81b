"""Similarity search: embedders, files, vectors in memory, ways to search, maps. Knows nothing of the store."""
