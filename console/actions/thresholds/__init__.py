"""Thresholds: what they do to runs, calibration, and moving them."""
