"""Files to chunks: a file is read in a process of its own, its text is cut by the embedder's tokens."""
