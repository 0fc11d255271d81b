"""Shared widgets of the pages. One idea per module:

- session: the services of this process, and the frame that every page draws first
- style: palette, result marks, chart theme, our own static CSS
- text: escaping for labels, numbers with their units, names
- boundary: what a page shows instead of a failure, and when there is nothing to show
- filters: the filter bar; the URL holds its state
- cards: headline numbers with their change
- charts: the Altair charts of many runs; run_charts: those of one
- dashboard: the cards of the Overview
- tables: run list and performance tables
- run_list: what stands above and below the list of runs
- explain: errors of runs in plain words
- run_parts: the parts of one run; run_panel shows them beside the list, run_page on a page, comparison side by side
- label_form: one's own label on a run
- operations, people: the parts of Operations and of Users; password_form: a password of one's own
- saving: a write in a callback, and what came of it
- picker: a table in which a click picks a row
- what_if, what_if_chart, threshold_form, threshold_history: the parts of Thresholds
- calibration, calibration_chart: the human labels on Thresholds
- choices: which case and judge a page is about
- review, review_item: the parts of Review
- agreement, agreement_controls, agreement_charts, compare_judges: the parts of Agreement and of Compare judges
- catalog: the parts of Models & metrics
- documents: the parts of Documents
- record, record_dialogs, record_list, editor: the pages of one record and of all of them; case_form and judge_form
  bring the kinds
- fields, drafts, judge_parameters: forms that keep what is typed until it is saved
- versions, diff, conflict: the history of a record, any two texts side by side, two people at once
"""
