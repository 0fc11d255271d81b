"""Rollups: what is counted of finished runs, packed by months, and counted again."""
