"""The parts of a run, of lists of runs and of comparisons."""
