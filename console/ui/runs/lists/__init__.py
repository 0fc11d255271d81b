"""Lists of runs: search, views, columns, rows, and what is done with those ticked."""
