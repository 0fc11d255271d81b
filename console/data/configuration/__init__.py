"""Cases, judges, thresholds, models and metrics, evaluation steps, and how they are versioned."""
