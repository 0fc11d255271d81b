"""The parts of Review, Agreement and Compare judges."""
