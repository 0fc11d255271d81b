"""The parts of Similarity search and Collections."""
