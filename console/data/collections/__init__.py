"""Collections: documents cut into chunks, packed blocks of their vectors, and the vector index."""
