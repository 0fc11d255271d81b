"""The parts of Run evaluation and Documents."""
