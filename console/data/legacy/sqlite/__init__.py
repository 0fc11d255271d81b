"""The old SQLite schema as a store that serves: its schema, the old manager over it, and the repositories over that."""
