"""Batches: files in, the worker, its journal and its budget."""
