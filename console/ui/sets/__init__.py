"""Test sets and experiments, as their pages show them."""
