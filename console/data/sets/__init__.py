"""Test sets, their versions and items, and the experiments over them."""
