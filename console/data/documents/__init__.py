"""Stored texts that runs can be made from."""
