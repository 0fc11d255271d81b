"""The ways to find the nearest chunks, and the choice between them."""
