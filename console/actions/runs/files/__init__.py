"""Runs in and out of files: the neutral lines, published results, CSV."""
