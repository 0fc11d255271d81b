"""Model providers: the port, an OpenAI-compatible client, a local one, and what they cost."""
