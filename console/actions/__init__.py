"""Use cases that span aggregates.

- statistics: arithmetic over rollups
- overview: what the dashboard shows
- exports: runs as CSV and JSONL
- importing, run_lines, summeval: finished runs from files
- permissions: who may do what
"""
