"""The parts of Thresholds."""
