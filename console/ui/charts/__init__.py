"""Plotly figures of the pages, from one template."""
