"""Shared widgets of the pages. One idea per module:

- session: the services of this process, and the frame that every page draws first
- style: palette, result marks, chart theme, our own static CSS
- text: escaping for labels, numbers with their units, names
- boundary: what a page shows instead of a failure, and when there is nothing to show
- filters: the filter bar; the URL holds its state
- cards: headline numbers with their change
- charts: the Altair charts
- tables: run list and performance tables
- run_panel: one whole run beside the list
- saving: a write in a callback, and what came of it
- picker: a table in which a click picks a row
- what_if, what_if_chart, threshold_form, threshold_history: the parts of Thresholds
- catalog: the parts of Models & metrics
- documents: the parts of Documents
"""
