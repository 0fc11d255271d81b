"""Runs: evaluating, judging again, comparing, finding alike ones, import and export, and arithmetic over rollups."""
