"""Runs: their items, lists, labels and embeddings, and the rollups that count them."""
