"""Collections: files into them, searching them, and Qdrant."""
