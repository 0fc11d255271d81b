"""Vectors on a plane and in groups."""
