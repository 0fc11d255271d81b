"""Use cases that span aggregates.

- statistics: arithmetic over rollups
- overview: what the dashboard shows
- configuration, version_results: cases and judges as admins edit them, and how their versions did
- run_detail: one run with what surrounds it; comparison: two to four runs beside each other
- labels: human verdicts
- operations: tables, engine, counters, leases, rollups; people: users and everybody's own password
- exports: runs as CSV and JSONL
- importing, run_lines, summeval: finished runs from files
- collections: texts to search in; ingest: files into them; qdrant, qdrant_plan: from Qdrant
- permissions: who may do what
"""
