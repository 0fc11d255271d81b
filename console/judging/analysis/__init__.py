"""What labels and scores say: statistics, agreement, calibration."""
