"""The read-through cache, and how other processes learn of a write."""
