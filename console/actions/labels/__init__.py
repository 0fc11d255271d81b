"""Human labels: writing, reviewing, files, and agreement with judges."""
