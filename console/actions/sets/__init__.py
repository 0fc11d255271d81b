"""Test sets, experiments over them, and the gate."""
