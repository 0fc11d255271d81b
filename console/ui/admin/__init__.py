"""The parts of Operations and Users."""
