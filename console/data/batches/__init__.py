"""Batches, their rows, and the runs that rows end in."""
