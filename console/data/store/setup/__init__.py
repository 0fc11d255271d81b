"""What the tables must be: how they are made, described, checked and mended."""
