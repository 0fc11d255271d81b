"""Vectors of collections in this process's memory: exact scan, approximate graph, local files."""
