"""Judging: prompts, scoring, providers and calibration. Knows nothing of the store."""
