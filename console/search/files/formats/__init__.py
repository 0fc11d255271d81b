"""One module per format of a file."""
