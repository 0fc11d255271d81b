"""The old system: its manager over both stores, its SQLite schema, the ways in and out, and Qdrant."""
