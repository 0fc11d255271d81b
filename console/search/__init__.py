"""Similarity search: embedders, chunking and strategies. Knows nothing of the store.

A file's way in: `readers` (by `parsing`, in a process of its own), `chunking` (by `tokens`), `embedder`.
"""
